//! Notices that a file of the configuration has changed.
//!
//! Folders are watched, not files: an editor puts a new file in the place of the old one, and Kubernetes swaps a link
//! on the way to it (`..data`), both of which a watch on the file itself misses. What is noticed is only a reason to
//! compare digests, and they are compared now and then without a reason too, for file systems that tell nothing.

use super::{Cause, Reloader};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::AccessKind};
use std::{
    collections::BTreeSet,
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
    let mut watcher = notify::recommended_watcher(move |event: Result<Event, notify::Error>| {
        // Our own reading is an event too.
        let read = matches!(
            event,
            Ok(Event {
                kind: EventKind::Access(AccessKind::Open(_) | AccessKind::Read),
                ..
            })
        );
        if !read {
            noticed.notify_one();
        }
    })?;
    let folders: BTreeSet<PathBuf> = files.iter().flat_map(|file| folders(file)).collect();
    for folder in &folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// The folders in which something has to change for the path to lead elsewhere: the one of each link on the way, and
/// that of the file.
fn folders(file: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut left: Vec<PathBuf> = parts(file);
    let mut at = PathBuf::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        let next = at.join(&part);
        match fs::read_link(&next) {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                folders.insert(or_here(&at));
                left.extend(parts(&target));
            }
            _ if left.is_empty() => {
                folders.insert(or_here(&at));
            }
            _ => at = next,
        }
    }
    folders
}

/// The parts of a path, the first one last.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().rev();
    let part = |part: Component<'_>| PathBuf::from(part.as_os_str());
    parts.map(part).collect()
}

fn or_here(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_folder_on_the_way_to_a_file_is_known() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let version = root.join("store/..2026");
        fs::create_dir_all(&version).unwrap();
        fs::create_dir(root.join("etc")).unwrap();
        fs::write(version.join("gateway.toml"), "").unwrap();
        symlink("..2026", root.join("store/..data")).unwrap();
        symlink("..data/gateway.toml", root.join("store/gateway.toml")).unwrap();
        symlink(root.join("store"), root.join("etc/tagway")).unwrap();
        let found = folders(&root.join("etc/tagway/gateway.toml"));
        let wanted = [root.join("etc"), root.join("store"), version];
        assert_eq!(found, wanted.into_iter().collect());
        assert_eq!(
            folders(Path::new("gateway.toml")),
            [PathBuf::from(".")].into()
        );
        symlink("loop", root.join("loop")).unwrap();
        assert!(folders(&root.join("loop")).contains(&root));
    }
}
