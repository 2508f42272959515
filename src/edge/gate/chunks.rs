//! The strict grammar of a body in chunks (RFC 9112, 7.1): no blank and no bare line end anywhere, no trailer.

/// Most bytes of chunk extensions in one body; what they say is ignored.
const MAX_EXTENSIONS: usize = 1_024;

/// Most digits of a chunk's size.
const MAX_DIGITS: u8 = 15;

/// Follows the chunks of one body.
#[derive(Debug)]
pub(super) struct Scanner {
    at: At,
    extensions: usize,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Size { value: u64, digits: u8 },
    Extension { value: u64 },
    SizeEnd { value: u64 },
    Data(u64),
    DataReturn,
    DataEnd,
    LastReturn,
    LastEnd,
}

/// How far a part of a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// How many of the bytes belong to the body.
    pub(super) bytes: usize,
    /// Whether the body ends with them.
    pub(super) last: bool,
}

const SIZE: At = At::Size {
    value: 0,
    digits: 0,
};

impl Scanner {
    pub(super) fn new() -> Self {
        Self {
            at: SIZE,
            extensions: 0,
        }
    }

    /// Looks at the next bytes of the body.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Part, &'static str> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if let At::Data(left) = self.at {
                let here = usize::try_from(left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len() - at);
                at += here;
                self.at = match left - here as u64 {
                    0 => At::DataReturn,
                    left => At::Data(left),
                };
                continue;
            }
            at += 1;
            if matches!(self.at, At::LastEnd) && *byte == b'\n' {
                self.at = SIZE;
                return Ok(Part {
                    bytes: at,
                    last: true,
                });
            }
            self.at = self.next(*byte)?;
        }
        Ok(Part {
            bytes: at,
            last: false,
        })
    }

    fn next(&mut self, byte: u8) -> Result<At, &'static str> {
        match (self.at, byte) {
            (At::Size { value, digits }, _) if byte.is_ascii_hexdigit() && digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Ok(At::Size {
                    value: value * 16 + u64::from(digit),
                    digits: digits + 1,
                })
            }
            (At::Size { value, digits: 1.. }, b'\r') | (At::Extension { value }, b'\r') => {
                Ok(At::SizeEnd { value })
            }
            (At::Size { value, digits: 1.. }, b';') => Ok(At::Extension { value }),
            (At::Extension { value }, _) if !byte.is_ascii_control() || byte == b'\t' => {
                self.extensions += 1;
                match self.extensions {
                    0..=MAX_EXTENSIONS => Ok(At::Extension { value }),
                    _ => Err("the chunk extensions are too long"),
                }
            }
            (At::SizeEnd { value: 0 }, b'\n') => Ok(At::LastReturn),
            (At::SizeEnd { value }, b'\n') => Ok(At::Data(value)),
            (At::DataReturn, b'\r') => Ok(At::DataEnd),
            (At::DataEnd, b'\n') => Ok(SIZE),
            (At::LastReturn, b'\r') => Ok(At::LastEnd),
            (At::LastReturn, _) => Err("a trailer is not taken"),
            (At::Size { .. } | At::Extension { .. } | At::SizeEnd { .. }, _) => {
                Err("a chunk's size is malformed")
            }
            (At::Data(_) | At::DataReturn | At::DataEnd | At::LastEnd, _) => {
                Err("a chunk does not end where its size says")
            }
        }
    }
}
