//! What can go wrong with the store, in words for an operator.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be used at all.
    #[error("the store {} cannot be opened: {reason}", path.display())]
    Open {
        /// The file, as the operator named it.
        path: PathBuf,
        /// Why, and what to do.
        reason: OpenFailure,
    },
    /// There are as many records as allowed, and none has expired.
    #[error("the store holds {max} records, which is its limit")]
    Full {
        /// The limit.
        max: usize,
    },
    /// The record's state is too large.
    #[error("a record of {bytes} bytes is over the store's limit of {max}")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        max: usize,
    },
    /// The disk, or what is on it, did not let it. The next call tries afresh.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It was closed.
    #[error("the store is closed")]
    Closed,
}

/// Why a store cannot be opened, and what the operator can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFailure {
    /// Another process has it open.
    #[error("another process has it open; stop that one, or give this one a file of its own")]
    InUse,
    /// It holds something else, or is damaged.
    #[error(
        "it is not a store, or it is damaged ({0}); move it away to start with an empty one, which knows no \
         earlier idempotency key"
    )]
    NotAStore(String),
    /// Another version of the gateway wrote it.
    #[error(
        "it has format {found} and this gateway writes format {known}; run the gateway that wrote it, or move it away \
         to start with an empty one"
    )]
    Format {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It, or what it lies on, can only be read.
    #[error("it can only be read; make the file and its file system writable")]
    ReadOnly,
    /// Its folder is not there.
    #[error("its folder does not exist; make the folder, or correct the path")]
    NoFolder,
    /// Something is there that is no file.
    #[error("it is not a regular file; name a file inside a folder")]
    NotAFile,
    /// The operating system forbids it.
    #[error("permission denied; let the gateway's user read and write the file and its folder")]
    NotPermitted,
    /// There is no room.
    #[error("there is no room on its file system; make room")]
    DiskFull,
    /// Something else, in the operating system's words.
    #[error("{0}")]
    Io(String),
}

impl OpenFailure {
    pub(super) fn at(self, path: &Path) -> StoreError {
        StoreError::Open {
            path: path.to_owned(),
            reason: self,
        }
    }
}

impl From<&io::Error> for OpenFailure {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NoFolder,
            ErrorKind::NotADirectory => Self::NoFolder,
            ErrorKind::IsADirectory => Self::NotAFile,
            ErrorKind::PermissionDenied => Self::NotPermitted,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::DiskFull
            }
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::NotAStore(error.to_string()),
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<redb::Error> for OpenFailure {
    fn from(error: redb::Error) -> Self {
        use redb::Error::{
            Corrupted, DatabaseAlreadyOpen, Io, TableIsMultimap, TableIsNotMultimap,
            TableTypeMismatch, TypeDefinitionChanged, UpgradeRequired,
        };
        match error {
            DatabaseAlreadyOpen => Self::InUse,
            Io(error) => Self::from(&error),
            Corrupted(_)
            | UpgradeRequired(_)
            | TableTypeMismatch { .. }
            | TableIsMultimap(_)
            | TableIsNotMultimap(_)
            | TypeDefinitionChanged { .. } => Self::NotAStore(error.to_string()),
            // redb's list is open-ended; what is left says nothing about the file.
            _ => Self::Io(error.to_string()),
        }
    }
}
