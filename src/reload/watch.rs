//! Notices that a file of the configuration has changed.
//!
//! Folders are watched, not files: an editor puts a new file in the place of the old one, and Kubernetes swaps a link
//! on the way to it (`..data`), both of which a watch on the file itself misses. What is noticed is only a reason to
//! compare digests, and they are compared now and then without a reason too, for file systems that tell nothing.

use super::{Cause, Reloader};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::AccessKind};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// How long to wait after a notice: whoever writes one file may be about to write another.
const SETTLE: Duration = Duration::from_millis(100);

/// How often digests are compared without a notice.
const INTERVAL: Duration = Duration::from_secs(10);

/// How long to wait instead where not every folder could be watched: one may just have been replaced.
const RETRY: Duration = Duration::from_millis(500);

/// Most links that are followed on the way to a file.
const MAX_LINKS: usize = 40;

/// Reloads whenever a file of the configuration has another content than before. Ends when it is dropped.
pub async fn watch(reloader: Arc<Reloader>) {
    let noticed = Arc::new(Notify::new());
    loop {
        // A folder may be another one under the old name, so the watch is made anew each time; whatever changed before
        // it was made is found by the comparison behind it.
        let watcher = watcher(&reloader.files(), &noticed);
        let interval = match &watcher {
            Ok(_) => INTERVAL,
            Err(error) => {
                tracing::debug!(%error, "changes of files are noticed by comparing them only");
                RETRY
            }
        };
        let working = reloader.clone();
        // What is wrong has been told.
        let _ = tokio::task::spawn_blocking(move || working.reload(Cause::File).is_ok()).await;
        if timeout(interval, noticed.notified()).await.is_ok() {
            sleep(SETTLE).await;
        }
        drop(watcher);
    }
}

fn watcher(
    files: &BTreeSet<PathBuf>,
    noticed: &Arc<Notify>,
) -> Result<RecommendedWatcher, notify::Error> {
    let noticed = noticed.clone();
    let entries: BTreeSet<PathBuf> = files.iter().flat_map(|file| entries(file)).collect();
    let folders: BTreeSet<PathBuf> = entries.iter().map(|entry| folder(entry)).collect();
    let names: BTreeSet<OsString> = entries
        .iter()
        .chain(&folders)
        .filter_map(|path| name(path))
        .collect();
    let mut watcher = notify::recommended_watcher(move |event| {
        if is_reason(&event, &names) {
            noticed.notify_one();
        }
    })?;
    for folder in &folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Whether a file may have another content now. The store often lies in the folder of the configuration, and is
/// written to all the time.
fn is_reason(event: &Result<Event, notify::Error>, names: &BTreeSet<OsString>) -> bool {
    let Ok(event) = event else {
        return true;
    };
    // Our own reading is an event too.
    let is_read = matches!(
        event.kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read)
    );
    let mut paths = event.paths.iter();
    // Where events were lost, no path is named.
    !is_read
        && (event.paths.is_empty()
            || paths.any(|path| name(path).is_none_or(|name| names.contains(&name))))
}

fn name(path: &Path) -> Option<OsString> {
    path.file_name().map(OsString::from)
}

fn folder(entry: &Path) -> PathBuf {
    match entry.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What has to change for the path to lead elsewhere: each link on the way, and the file.
fn entries(file: &Path) -> BTreeSet<PathBuf> {
    let mut entries = BTreeSet::new();
    let mut left: Vec<PathBuf> = parts(file);
    let mut at = PathBuf::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        let next = at.join(&part);
        match fs::read_link(&next) {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                entries.insert(next);
                left.extend(parts(&target));
            }
            _ if left.is_empty() => {
                entries.insert(next);
            }
            _ => at = next,
        }
    }
    entries
}

/// The parts of a path, the first one last.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().rev();
    let part = |part: Component<'_>| PathBuf::from(part.as_os_str());
    parts.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::ModifyKind;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_entry_on_the_way_to_a_file_is_known() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let version = root.join("store/..2026");
        fs::create_dir_all(&version).unwrap();
        fs::create_dir(root.join("etc")).unwrap();
        fs::write(version.join("gateway.toml"), "").unwrap();
        symlink("..2026", root.join("store/..data")).unwrap();
        symlink("..data/gateway.toml", root.join("store/gateway.toml")).unwrap();
        symlink(root.join("store"), root.join("etc/tagway")).unwrap();
        let found = entries(&root.join("etc/tagway/gateway.toml"));
        let wanted = [
            root.join("etc/tagway"),
            root.join("store/gateway.toml"),
            root.join("store/..data"),
            version.join("gateway.toml"),
        ];
        assert_eq!(found, wanted.into_iter().collect());
        let alone = entries(Path::new("gateway.toml"));
        assert_eq!(alone, [PathBuf::from("gateway.toml")].into());
        assert_eq!(folder(Path::new("gateway.toml")), Path::new("."));
        symlink("loop", root.join("loop")).unwrap();
        assert!(entries(&root.join("loop")).contains(&root.join("loop")));
    }

    #[test]
    fn only_what_may_be_another_file_now_is_a_reason_to_compare() {
        let names = ["gateway.toml", "etc"].map(OsString::from).into();
        let changed = |paths: &[&str]| {
            let event = Event::new(EventKind::Modify(ModifyKind::Any));
            Ok(paths
                .iter()
                .fold(event, |event, path| event.add_path(PathBuf::from(path))))
        };
        assert!(is_reason(&changed(&["/etc/gateway.toml"]), &names));
        assert!(is_reason(
            &changed(&["/etc/.new", "/etc/gateway.toml"]),
            &names
        ));
        assert!(is_reason(&changed(&["/etc"]), &names));
        assert!(is_reason(&changed(&[]), &names));
        assert!(!is_reason(&changed(&["/etc/tagway.redb"]), &names));
        let read = Event::new(EventKind::Access(AccessKind::Read));
        assert!(!is_reason(
            &Ok(read.add_path("/etc/gateway.toml".into())),
            &names
        ));
    }
}
