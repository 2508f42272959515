//! Vendor credentials: how the configuration refers to them, how they are fetched, and a type that keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::redact;

/// A credential. It cannot be printed, compared, copied or serialized, and is overwritten when dropped. From the
/// time that it is here, the log does not show it (see [`crate::redact`]).
///
/// Safe code can overwrite only this copy: the process environment and buffers of the operating system keep theirs.
pub struct Secret(Zeroizing<String>);

impl Secret {
    fn new(text: Zeroizing<String>) -> Self {
        redact::hide(&text);
        Self(text)
    }

    /// The credential itself, for the one function that builds the header it travels in.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a credential is kept: `env:NAME` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Env(String),
    File(PathBuf),
}

/// What was found where a [`Reference`] points.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) secret: Secret,
    /// Whether every user of this machine may read the file.
    pub(super) exposed: bool,
}

/// Longest credential in bytes: what fits in a header that servers commonly take.
const MAX_BYTES: u64 = 8_192;

impl Reference {
    /// Reads `env:NAME` or `file:PATH`; nothing if `text` has another form, which may then be the secret itself.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("env:") {
            let sane = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let begins = name
                .bytes()
                .next()
                .is_some_and(|byte| !byte.is_ascii_digit());
            return (sane && begins).then(|| Self::Env(name.to_owned()));
        }
        let path = text.strip_prefix("file:")?;
        let sane = !path.is_empty() && !path.contains(char::is_control);
        sane.then(|| Self::File(PathBuf::from(path)))
    }

    /// Fetches the credential. Line ends behind it are cut off.
    ///
    /// # Errors
    /// A sentence for the operator that never holds the credential.
    pub(super) fn fetch(&self, environment: &BTreeMap<String, String>) -> Result<Fetched, String> {
        match self {
            Self::Env(name) => {
                let what = format!("the environment variable `{name}`");
                let value = environment
                    .get(name)
                    .ok_or_else(|| format!("{what} is not set"))?;
                let secret = checked(Zeroizing::new(value.clone().into_bytes()), &what)?;
                Ok(Fetched {
                    secret,
                    exposed: false,
                })
            }
            Self::File(path) => {
                let what = format!("the file `{}`", path.display());
                let (bytes, exposed) =
                    read_file(path).map_err(|error| format!("{what} cannot be read: {error}"))?;
                Ok(Fetched {
                    secret: checked(bytes, &what)?,
                    exposed,
                })
            }
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

fn read_file(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    // A pipe would wait for its writer for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    let exposed = is_world_readable(&file.metadata()?);
    // All in one piece, so that no outgrown buffer is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 64));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes, exposed))
}

/// Whether every user of this machine may read the file.
pub(super) fn is_exposed(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| is_world_readable(&metadata))
}

#[cfg(unix)]
fn is_world_readable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_world_readable(_: &std::fs::Metadata) -> bool {
    false
}

fn checked(bytes: Zeroizing<Vec<u8>>, what: &str) -> Result<Secret, String> {
    let unfit = || format!("{what} holds a byte that cannot stand in a header");
    let text = std::str::from_utf8(&bytes).map_err(|_| unfit())?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("{what} holds more than {MAX_BYTES} bytes"));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(format!("{what} begins or ends with a blank"));
    }
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(unfit());
    }
    Ok(Secret::new(Zeroizing::new(text.to_owned())))
}
