//! The file that holds a store.

use super::OpenFailure;
use redb::{StorageBackend, backends::FileBackend};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The file at `path` as a backend; made when there is none, for its owner only.
pub(super) fn open(path: &Path) -> Result<impl StorageBackend + use<>, OpenFailure> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = opened.map_err(|error| refused(path, &error))?;
    let about = file.metadata().map_err(|error| OpenFailure::from(&error))?;
    if !about.is_file() {
        return Err(OpenFailure::NotAFile);
    }
    FileBackend::new(file).map_err(|error| OpenFailure::from(redb::Error::from(error)))
}

/// Makes a new file's name as durable as what is in it.
pub(super) fn sync_folder(path: &Path) -> Result<(), OpenFailure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| OpenFailure::from(&error))
}

/// The system says the same of a file without the write bit as of one that belongs to somebody else.
fn refused(path: &Path, error: &io::Error) -> OpenFailure {
    let read_only = || {
        path.metadata()
            .is_ok_and(|about| about.permissions().readonly())
    };
    if error.kind() == ErrorKind::PermissionDenied && path.is_file() && read_only() {
        return OpenFailure::ReadOnly;
    }
    OpenFailure::from(error)
}
