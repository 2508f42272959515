//! The files of cases, and how a line of them is read.

/// A line of a file.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) answers: Vec<Expected>,
    pub(crate) kept: bool,
    pub(crate) calls: usize,
    pub(crate) bytes: Vec<u8>,
    /// Whether the client sends its end behind them.
    pub(crate) shut: bool,
    /// Its own conversation.
    pub(crate) id: String,
    /// Where the client is.
    pub(crate) address: [u8; 4],
}

/// An answer as a case expects it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
}

macro_rules! files {
    ($($name:literal),*) => { &[$(($name, include_str!(concat!("cases/", $name, ".txt")))),*] };
}

/// For a gateway without clients.
pub(crate) const OPEN: &[(&str, &str)] = files![
    "request-line",
    "hosts",
    "heads",
    "lengths",
    "codings",
    "chunks",
    "pipelines",
    "methods",
    "paths",
    "queries",
    "bodies",
    "fields",
    "browsers"
];

/// For a gateway with clients.
pub(crate) const KEYED: &[(&str, &str)] = files!["keys"];

/// For the operator's listener.
pub(crate) const OPERATORS: &[(&str, &str)] = files!["admin"];

/// The cases of a file.
pub(crate) fn read(file: &str, text: &str) -> Vec<Case> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|(number, line)| case(file, number, line))
        .collect()
}

fn case(file: &str, number: usize, line: &str) -> Case {
    let columns: Vec<&str> = line.splitn(5, " | ").collect();
    let [name, answers, connection, calls, bytes] = columns[..] else {
        panic!("{file}:{}: {line}", number + 1);
    };
    let of_file = file
        .bytes()
        .fold(0_u32, |sum, byte| sum * 31 % 65_521 + u32::from(byte));
    let id = format!(
        "8f3a9d2e-1b4c-4f5d-{:04x}-{number:012x}",
        of_file % 0x1000 + 0x9000
    );
    let (bytes, shut) = match bytes.strip_suffix("{shut}") {
        Some(bytes) => (bytes, true),
        None => (bytes, false),
    };
    Case {
        name: name.to_owned(),
        answers: answers
            .split(' ')
            .filter(|answer| *answer != "none")
            .map(expected)
            .collect(),
        kept: match connection {
            "kept" => true,
            "closed" => false,
            _ => panic!("{file}:{}: a connection is kept or closed", number + 1),
        },
        calls: calls.parse().expect("a count of calls"),
        bytes: unescape(&expand(bytes, &id)),
        shut,
        address: [127, 1, (number >> 8) as u8, number as u8],
        id,
    }
}

fn expected(text: &str) -> Expected {
    let (status, code) = match text.split_once(':') {
        Some((status, "-")) => (status, None),
        Some((status, code)) => (status, Some(code.to_owned())),
        None => (text, None),
    };
    Expected {
        status: status.parse().expect("a status"),
        code,
    }
}

/// Fills the braces in.
fn expand(text: &str, id: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        let filled = rest.find('}').and_then(|end| {
            let filled = match &rest[1..end] {
                "id" => id.to_owned(),
                "set" => format!("/v1/elevenlabs/conversations/{id}/tags"),
                inner if inner.contains('{') => return None,
                inner => {
                    let (text, times) = inner.rsplit_once('*')?;
                    text.repeat(times.parse().ok()?)
                }
            };
            Some((filled, end + 1))
        });
        let (filled, length) = filled.unwrap_or_else(|| ("{".to_owned(), 1));
        whole.push_str(&filled);
        rest = &rest[length..];
    }
    whole.push_str(rest);
    whole
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let escaped = if char == '\\' { chars.next() } else { None };
        match escaped {
            None => bytes.extend(char.to_string().into_bytes()),
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            Some(other) => bytes.extend(other.to_string().into_bytes()),
        }
    }
    let Some(at) = bytes.windows(5).position(|part| part == b"{len}") else {
        return bytes;
    };
    let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let length = bytes.len() - head.expect("a whole head") - 4;
    bytes.splice(at..at + 5, length.to_string().into_bytes());
    bytes
}
