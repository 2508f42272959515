//! The strict grammar of a request's head (RFC 9112), line by line as the bytes arrive.
//!
//! What a lenient parser would repair is refused here: two programs that repair differently see different requests.

use crate::error::{Code, Error};
use http::{Method, Uri};

/// Longest request target in bytes.
pub(in crate::edge) const MAX_TARGET: usize = 8_192;

/// Largest length of a body that the HTTP library takes.
const MAX_LENGTH: u64 = u64::MAX >> 1;

/// Most header lines of a head.
const MAX_LINES: usize = 100;

/// Room for method and version beside the target.
const MAX_REQUEST_LINE: usize = MAX_TARGET + 64;

/// Empty lines that may stand before a request; some clients send one after a body.
const MAX_BLANKS: usize = 2;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length; 0 where none is said.
    Length(u64),
    /// By chunks.
    Chunked,
}

/// A whole head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) framing: Framing,
    /// Its size with the empty line at its end.
    pub(super) bytes: usize,
}

/// Reads one head.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Where the current line begins.
    line: usize,
    /// Up to where no line end was found.
    looked: usize,
    lines: usize,
    blanks: usize,
    method: Option<Method>,
    old: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Scanner {
    /// Looks at all bytes since the last head; nothing while the head has not ended. `most` is its largest size.
    ///
    /// # Errors
    /// `invalid-framing`, `target-too-long`, `head-too-large`; after each of them the connection is of no more use.
    pub(super) fn advance(&mut self, held: &[u8], most: usize) -> Result<Option<Head>, Error> {
        while let Some(at) = position(held, self.looked, b'\n') {
            let line = held.get(self.line..at).unwrap_or_default();
            let Some(line) = line.strip_suffix(b"\r") else {
                return Err(framing("a line of the head ends without a carriage return"));
            };
            (self.line, self.looked) = (at + 1, at + 1);
            if at >= most {
                return Err(too_large());
            }
            match (&self.method, line) {
                (None, []) if self.blanks < MAX_BLANKS => self.blanks += 1,
                (None, []) => return Err(framing("empty lines stand in place of a request")),
                (None, line) => self.request_line(line)?,
                (Some(method), []) => {
                    let method = method.clone();
                    let framing = self.framing()?;
                    let bytes = at + 1;
                    return Ok(Some(Head {
                        method,
                        framing,
                        bytes,
                    }));
                }
                (Some(_), line) => self.header_line(line)?,
            }
        }
        self.looked = held.len();
        if self.method.is_none() && held.len() - self.line > MAX_REQUEST_LINE {
            return Err(target_too_long());
        }
        if held.len() >= most {
            return Err(too_large());
        }
        Ok(None)
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let malformed = || framing("the request line is not `METHOD target HTTP/1.1`");
        let mut parts = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        if target.len() > MAX_TARGET || line.len() > MAX_REQUEST_LINE {
            return Err(target_too_long());
        }
        self.old = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err(framing("only HTTP/1.1 and HTTP/1.0 are spoken here")),
        };
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(malformed());
        }
        let graphic = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
        if !is_plain(target) && (!target.iter().all(graphic) || Uri::try_from(target).is_err()) {
            return Err(framing(
                "the request target is none, or holds a character that has to be percent-encoded",
            ));
        }
        self.method = Some(Method::from_bytes(method).map_err(|_| malformed())?);
        Ok(())
    }

    fn header_line(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(Error::new(
                Code::HeadTooLarge,
                format!("a head has at most {MAX_LINES} headers"),
            ));
        }
        let malformed = || framing("a line of the head is not `name: value`");
        let colon = position(line, 0, b':').ok_or_else(malformed)?;
        let (name, value) = line.split_at_checked(colon).ok_or_else(malformed)?;
        let value = value.get(1..).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Err(malformed());
        }
        // Without an end in the middle, so that many bytes are looked at in one step.
        let control = |found: bool, byte: &u8| found | (byte.is_ascii_control() & (*byte != b'\t'));
        if value.iter().fold(false, control) {
            return Err(framing("a header's value holds a control character"));
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            self.content_length(value.trim_ascii())
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.transfer_encoding(value.trim_ascii())
        } else {
            Ok(())
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Error> {
        if self.length.is_some() {
            return Err(framing("the header Content-Length is given more than once"));
        }
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().filter(|_| digits);
        match length.and_then(|length| length.parse().ok()) {
            Some(length) if length <= MAX_LENGTH => self.length = Some(length),
            _ => return Err(framing("the header Content-Length is not a length")),
        }
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Error> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(framing("the only transfer coding is `chunked`, once"));
        }
        self.chunked = true;
        Ok(())
    }

    fn framing(&self) -> Result<Framing, Error> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(framing(
                "the headers Content-Length and Transfer-Encoding exclude each other",
            )),
            (true, None) if self.old => Err(framing("HTTP/1.0 has no header Transfer-Encoding")),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

fn framing(detail: &str) -> Error {
    Error::new(Code::InvalidFraming, detail).close()
}

fn target_too_long() -> Error {
    let detail = format!("a request target has at most {MAX_TARGET} bytes");
    Error::new(Code::TargetTooLong, detail).close()
}

fn too_large() -> Error {
    Error::new(Code::HeadTooLarge, "the request's head is too large").close()
}

fn position(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let mut at = from;
    let (blocks, _) = rest.as_chunks::<BLOCK>();
    for block in blocks {
        if block
            .iter()
            .fold(false, |found, byte| found | (*byte == wanted))
        {
            break;
        }
        at += BLOCK;
    }
    let found = bytes.get(at..)?.iter().position(|byte| *byte == wanted)?;
    Some(at + found)
}

/// How many bytes are searched in one step.
const BLOCK: usize = 16;

fn is_token(byte: u8) -> bool {
    const TOKEN: [bool; 256] = table(b"!#$%&'*+-.^_`|~");
    TOKEN[usize::from(byte)]
}

/// Whether a target is a path of characters that are never anything else there, as nearly all are: the HTTP library
/// need not be asked.
fn is_plain(target: &[u8]) -> bool {
    const PLAIN: [bool; 256] = table(b"/-._~%=&?:");
    target.first() == Some(&b'/') && target.iter().all(|byte| PLAIN[usize::from(*byte)])
}

/// Letters, digits and these.
const fn table(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < table.len() {
        table[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}
