//! The line of the file that a fault is about, fit to be shown to anybody.
//!
//! A value is shown only where its key can hold no secret; elsewhere, comments included, there may be one by mistake.

use adapters::settings::SettingKind;

use super::VendorKeys;
use super::describe::segments;
use super::fault::{Fault, Place};
use super::keys::{self, Form, Kind};

/// Widest part of a line that is shown, in columns of a terminal.
const WIDTH: usize = 100;

/// The line in which `fault` was found and a line with marks under the place. Nothing where the place is not in the
/// file, or where the line may be a part of a longer text.
pub fn snippet(text: &str, fault: &Fault, vendors: &[VendorKeys]) -> Option<String> {
    let Place::File { line, column, .. } = fault.place else {
        return None;
    };
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let (before, rest) = text.split_at_checked(before)?;
    if ["\"\"\"", "'''"]
        .iter()
        .any(|quotes| before.contains(quotes))
    {
        return None;
    }
    let shown = Masked {
        tokens: tokens(rest.lines().next()?),
        column: column.saturating_sub(1),
        fault,
        vendors,
    };
    let (line_shown, from, marks) = shown.render()?.cut();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    Some(format!(
        " {number} | {line_shown}\n {margin} | {}{}",
        " ".repeat(from),
        "^".repeat(marks)
    ))
}

/// A piece of a line.
struct Token {
    kind: Piece,
    /// Its place in the line, in characters from 0.
    start: usize,
    text: Vec<char>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Blank,
    /// One of `[]{},=`.
    Mark,
    Text,
    Bare,
}

/// A line whose values are hidden unless their keys are harmless.
struct Masked<'a> {
    tokens: Vec<Token>,
    /// Where the fault is, in characters from 0.
    column: usize,
    fault: &'a Fault,
    vendors: &'a [VendorKeys],
}

/// What is printed, and where the marks stand under it.
#[derive(Default)]
struct Rendered {
    chars: Vec<(char, usize)>,
    width: usize,
    from: Option<usize>,
    marks: usize,
}

impl Masked<'_> {
    fn render(&self) -> Option<Rendered> {
        let syntax = self.fault.path.is_empty();
        let assigns = self.tokens.iter().any(|token| token.is('='));
        let first = self
            .tokens
            .iter()
            .find(|token| token.kind != Piece::Blank)?;
        let in_list = self.fault.path.ends_with(']');
        let is_header = first.is('[') && !assigns && !in_list;
        let is_header =
            is_header && !(syntax && self.tokens.iter().any(|token| token.kind == Piece::Text));
        let mut shown = Rendered::default();
        // Without an assignment on the line its values belong to the key that the fault is about.
        let mut harmless = match segments(&self.fault.path).last() {
            Some(key) if !assigns && !syntax => self.is_harmless(key),
            _ => false,
        };
        let mut is_url = false;
        let mut after_value = false;
        let mut key: Option<String> = None;
        for (at, token) in self.tokens.iter().enumerate() {
            if token.is('=')
                && let Some(name) = key.take()
            {
                harmless = self.is_harmless(&name);
                is_url = name == keys::BASE_URL.name;
                after_value = false;
                shown.push(token, self.column);
                if syntax && !harmless {
                    shown.hide(token.start + 1, usize::MAX, " …", self.column);
                    break;
                }
                continue;
            }
            let end = token.start + token.text.len();
            let names = token.names(self.tokens.get(at + 1..).unwrap_or_default());
            if names {
                key = Some(token.last_name());
            }
            // Behind a slip of the pen, a value may stand where a key is expected.
            let names = names && (!syntax || self.is_known(&token.last_name()));
            let value = matches!(token.kind, Piece::Text | Piece::Bare);
            // Two values without a comma: a quote is missing, and what is text is not what it was meant to be.
            if syntax && value && !names && after_value && !is_header {
                shown.hide(token.start, usize::MAX, "…", self.column);
                break;
            }
            after_value = match token.kind {
                Piece::Blank => after_value,
                Piece::Mark => false,
                _ => !names,
            };
            let open = !value || is_header || names || harmless || (is_url && token.is_plain_url());
            match token.kind {
                _ if open => shown.push(token, self.column),
                Piece::Text => shown.hide(token.start, end, "\"…\"", self.column),
                _ => shown.hide(token.start, end, "…", self.column),
            }
        }
        if syntax && !assigns && !is_header {
            return None;
        }
        Some(shown)
    }

    /// Whether no value of this key can be a secret. What any table takes is looked at: names are enough here.
    fn is_harmless(&self, name: &str) -> bool {
        let mut kinds = keys::KEYS.iter().filter(|key| key.name == name).peekable();
        if kinds.peek().is_some() {
            return kinds.all(|key| match key.kind {
                Kind::Text { form, .. } => form == Form::Vendor,
                Kind::Texts { form } => matches!(form, Form::Route | Form::Scope),
                _ => true,
            });
        }
        let mut settings = self.vendors.iter().flat_map(|vendor| vendor.settings);
        settings.any(|setting| {
            setting.name == name && !matches!(setting.kind, SettingKind::Text { .. })
        })
    }

    /// Whether it is the name of a key or of a table that there is.
    fn is_known(&self, name: &str) -> bool {
        let mut settings = self.vendors.iter().flat_map(|vendor| vendor.settings);
        keys::TABLES.contains(&name)
            || keys::KEYS.iter().any(|key| key.name == name)
            || settings.any(|setting| setting.name == name)
    }
}

impl Token {
    fn is(&self, mark: char) -> bool {
        self.kind == Piece::Mark && self.text.first() == Some(&mark)
    }

    /// Whether it is a key or a part of one, judged by what follows it.
    fn names(&self, following: &[Token]) -> bool {
        if !matches!(self.kind, Piece::Text | Piece::Bare) {
            return false;
        }
        let blanks = following
            .iter()
            .take_while(|token| token.kind == Piece::Blank)
            .count();
        let following = following.get(blanks..).unwrap_or_default();
        let Some((next, rest)) = following.split_first() else {
            return false;
        };
        let bare = |token: &Self| token.kind == Piece::Bare;
        let joined = (bare(next) && next.text.first() == Some(&'.'))
            || (bare(self) && self.text.last() == Some(&'.'));
        next.is('=') || (joined && next.names(rest))
    }

    fn last_name(&self) -> String {
        let text: String = self.text.iter().collect();
        match self.kind {
            Piece::Text => text.trim_matches(['"', '\'']).to_owned(),
            _ => text.rsplit('.').next().unwrap_or_default().to_owned(),
        }
    }

    /// Whether it is `mock` or a URL of a host alone: no credentials, path, query or fragment.
    fn is_plain_url(&self) -> bool {
        let text: String = self.text.iter().collect();
        let text = text.trim_matches(['"', '\'']);
        let host = text
            .split_once("://")
            .map(|(_, host)| host.trim_end_matches('/'));
        text == "mock" || host.is_some_and(|host| !host.contains(['@', '/', '?', '#']))
    }
}

impl Rendered {
    fn push(&mut self, token: &Token, column: usize) {
        for (at, char) in (token.start..).zip(&token.text) {
            if at == column {
                let name = token.text.iter().skip(at - token.start);
                let name = name.take_while(|char| token.kind != Piece::Bare || **char != '.');
                self.from = Some(self.width);
                self.marks = name.map(|char| cell(*char).1).sum::<usize>().max(1);
            }
            let (char, width) = cell(*char);
            if char == '\t' {
                self.chars.extend([(' ', 1); 4]);
            } else {
                self.chars.push((char, width));
            }
            self.width += width;
        }
    }

    fn hide(&mut self, start: usize, end: usize, mask: &str, column: usize) {
        if (start..end).contains(&column) {
            self.from = Some(self.width);
            self.marks = mask.chars().count();
        }
        for char in mask.chars() {
            self.chars.push((char, 1));
            self.width += 1;
        }
    }

    /// The line no wider than [`WIDTH`], with where the marks begin and how many there are.
    fn cut(self) -> (String, usize, usize) {
        let Self {
            chars,
            width,
            from,
            marks,
        } = self;
        let from = from.unwrap_or(width);
        let marks = marks.max(1);
        if width <= WIDTH {
            return (text_of(&chars).trim_end().to_owned(), from, marks);
        }
        // Some of what stands before the place helps to find it.
        let skipped = if from + marks.min(WIDTH / 2) < WIDTH {
            0
        } else {
            from.saturating_sub(WIDTH / 3)
        };
        let mut at = 0;
        let mut window = Vec::new();
        for cell in chars {
            if at >= skipped && at + cell.1 <= skipped + WIDTH - 2 {
                window.push(cell);
            }
            at += cell.1;
        }
        let (head, shift) = if skipped > 0 { ("…", 1) } else { ("", 0) };
        let tail = if width > skipped + WIDTH - 2 {
            "…"
        } else {
            ""
        };
        let from = from.saturating_sub(skipped) + shift;
        let room = WIDTH.saturating_sub(from).max(1);
        (
            format!("{head}{}{tail}", text_of(&window)),
            from,
            marks.min(room),
        )
    }
}

fn text_of(cells: &[(char, usize)]) -> String {
    cells.iter().map(|(char, _)| char).collect()
}

/// The line in pieces, without its comment.
fn tokens(line: &str) -> Vec<Token> {
    let chars: Vec<char> = line.chars().collect();
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = chars.get(start..)
        && let Some(first) = rest.first()
    {
        let run =
            |ends: &dyn Fn(char) -> bool| rest.iter().take_while(|char| !ends(**char)).count();
        let (kind, length) = match *first {
            '#' => break,
            '[' | ']' | '{' | '}' | ',' | '=' => (Piece::Mark, 1),
            '"' | '\'' => (Piece::Text, quoted_length(rest)),
            ' ' | '\t' => (Piece::Blank, run(&|char| !matches!(char, ' ' | '\t'))),
            _ => (Piece::Bare, run(&|char| " \t\"'#[]{},=".contains(char))),
        };
        let text = rest.iter().take(length).copied().collect();
        tokens.push(Token { kind, start, text });
        start += length.max(1);
    }
    tokens
}

/// How long the quoted text at the begin is; to the end of the line where it goes on behind it.
fn quoted_length(chars: &[char]) -> usize {
    let Some(quote) = chars.first() else { return 0 };
    if chars.iter().take(3).filter(|char| *char == quote).count() == 3 {
        return chars.len();
    }
    let mut escaped = false;
    for (at, char) in chars.iter().enumerate().skip(1) {
        if !escaped && char == quote {
            return at + 1;
        }
        escaped = !escaped && *char == '\\' && *quote == '"';
    }
    chars.len()
}

/// What a character is shown as, and how many columns it takes. A tab takes four; what could move the cursor or the
/// text around it is replaced.
fn cell(char: char) -> (char, usize) {
    match u32::from(char) {
        0x09 => (char, 4),
        0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF => ('\u{FFFD}', 1),
        _ if char.is_control() => ('\u{FFFD}', 1),
        0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => (char, 0),
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1FAFF
        | 0x20000..=0x3FFFD => (char, 2),
        _ => (char, 1),
    }
}
