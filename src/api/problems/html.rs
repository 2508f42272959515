//! A page for people. It loads nothing and runs nothing.

use super::texts::Text;
use crate::error::{Code, Error};

/// What a browser is to allow a page: its own style, by hash, and nothing else.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-TO78AyKmLPwDDpECH1BlgA2TdoZ56N+7uRq97hj91SM='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The one style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// The page about a code; `problem` is the example as compact JSON.
pub(super) fn page(code: Code, text: &Text, example: &Error, problem: &str) -> String {
    let status = code.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut message = format!(
        "HTTP/1.1 {} {reason}\ncontent-type: application/problem+json\n",
        status.as_u16()
    );
    if let Some(wait) = example.wait() {
        message += &format!("retry-after: {}\n", wait.as_secs());
    }
    if let Some(methods) = example.allowed() {
        message += &format!("allow: {methods}\n");
    }
    if code == Code::Unauthenticated {
        message += "www-authenticate: Bearer\n";
    }
    message.push('\n');
    message += &indented(problem);
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · {name}</title>\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <main>\n\
         <div class=\"kind\"><span class=\"status\">{number}</span><code>{name}</code></div>\n\
         <h1>{title}</h1>\n\
         <h2>What it means</h2>\n\
         <p>{meaning}</p>\n\
         <h2>What to do</h2>\n\
         <p class=\"cure\">{cure}</p>\n\
         <h2>How it may look</h2>\n\
         <pre tabindex=\"0\">{message}</pre>\n\
         </main>\n\
         <nav aria-labelledby=\"all\">\n\
         <h2 id=\"all\">All problems</h2>\n\
         <dl>\n{links}</dl>\n\
         <p>Programs get this page as JSON with <code>Accept: application/json</code>. \
         The operations are in <a href=\"/openapi.json\">/openapi.json</a>.</p>\n\
         </nav>\n\
         </body>\n\
         </html>\n",
        title = escaped(code.title()),
        name = escaped(code.as_str()),
        number = status.as_u16(),
        meaning = prose(text.meaning),
        cure = prose(text.cure),
        message = escaped(&message),
        links = links(code),
    )
}

/// The text with everything that HTML would read as markup replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The text, escaped, with what stands between backticks as code.
pub(super) fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 0 {
            html += &escaped(piece);
        } else {
            html += &format!("<code>{}</code>", escaped(piece));
        }
    }
    html
}

/// Compact JSON, spread over lines in its own order of members.
pub(super) fn indented(compact: &str) -> String {
    let mut spread = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_string, mut after_backslash) = (0_usize, false, false);
    let mut characters = compact.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            in_string = character != '"' || after_backslash;
            after_backslash = character == '\\' && !after_backslash;
            spread.push(character);
            continue;
        }
        match character {
            '{' | '[' => {
                spread.push(character);
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    spread.push(close);
                } else {
                    depth += 1;
                    new_line(&mut spread, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut spread, depth);
                spread.push(character);
            }
            ',' => {
                spread.push(character);
                new_line(&mut spread, depth);
            }
            ':' => spread.push_str(": "),
            other => {
                in_string = other == '"';
                spread.push(other);
            }
        }
    }
    spread
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Links to the pages of all codes, by status.
fn links(here: Code) -> String {
    let mut html = String::new();
    let by_status = Code::ALL.chunk_by(|one, other| one.status() == other.status());
    for codes in by_status {
        let Some(first) = codes.first() else { continue };
        html += &format!("<dt>{}</dt>\n<dd>", first.status().as_u16());
        for code in codes {
            let name = escaped(code.as_str());
            let current = if *code == here {
                " aria-current=\"page\""
            } else {
                ""
            };
            html += &format!("<a href=\"/problems/{name}\"{current}>{name}</a>\n");
        }
        html += "</dd>\n";
    }
    html
}
