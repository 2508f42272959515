use super::*;
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
};

/// A folder with a store in it that was cleanly stopped, and its path.
async fn stopped() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    for number in 0..50 {
        store
            .put(key(number), done_record(&"y".repeat(500)))
            .await
            .unwrap();
    }
    store.close(vec![]).await.unwrap();
    (folder, path)
}

/// Root may write where the mode forbids it.
fn modes_bind(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o400)).unwrap();
    fs::OpenOptions::new().write(true).open(&probe).is_err()
}

#[tokio::test]
async fn a_second_opener_is_refused_while_the_first_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    assert_eq!(refusal(&path), OpenFailure::InUse);
    store.put(key(1), open_record("x")).await.unwrap();
    drop(store);
    assert_eq!(at(&path).unwrap().1.open.len(), 1);
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let noise: Vec<u8> = {
        let mut seed = fastrand::Rng::with_seed(3);
        std::iter::repeat_with(|| seed.u8(..)).take(9_000).collect()
    };
    for content in [b"hello".to_vec(), noise, vec![0; 100]] {
        fs::write(&path, &content).unwrap();
        assert!(matches!(refusal(&path), OpenFailure::NotAStore(_)));
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    let other = redb::Database::create(&path).unwrap();
    let transaction = other.begin_write().unwrap();
    transaction
        .open_table(redb::TableDefinition::<u8, u8>::new("theirs"))
        .unwrap();
    transaction.commit().unwrap();
    drop(other);
    assert!(matches!(refusal(&path), OpenFailure::NotAStore(_)));
}

#[tokio::test]
async fn an_empty_file_becomes_a_new_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    fs::write(&path, "").unwrap();
    let (store, found) = at(&path).unwrap();
    assert!(found.first && !found.clean);
    store.put(key(1), open_record("x")).await.unwrap();
}

#[tokio::test]
async fn a_file_cut_short_is_refused() {
    let (_folder, path) = stopped().await;
    let whole = fs::read(&path).unwrap();
    for length in [1, 9, 100, 4_096, 5_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let reason = refusal(&path);
        assert!(matches!(reason, OpenFailure::NotAStore(_)), "{length}");
    }
}

#[tokio::test]
async fn a_damaged_store_is_refused_or_its_records_are_true() {
    let platter = Platter::default();
    let (store, _) = on(&platter).unwrap();
    let answer = |number: u8| done_record(&format!("{number}").repeat(200));
    for number in 0..50 {
        store.put(key(number), answer(number)).await.unwrap();
    }
    store.close(vec![]).await.unwrap();
    let whole = platter.content();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut seed = fastrand::Rng::with_seed(5);
    let (mut refused, mut failed, mut kept) = (0, 0, 0);
    for round in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..[1, 20, 300][round % 3] {
            damaged[seed.usize(..used)] ^= 1 << seed.u8(..8);
        }
        match on(&Platter::of(damaged)) {
            Err(StoreError::Open { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
            Ok((store, _)) => {
                for number in 0..50 {
                    match store.get(key(number), 0).await {
                        Ok(None) => (),
                        Ok(Some(record)) => {
                            assert_eq!(record, answer(number));
                            kept += 1;
                        }
                        Err(_) => failed += 1,
                    }
                }
            }
        }
    }
    assert!(
        refused > 20 && failed > 20 && kept > 20,
        "{refused} {failed} {kept}"
    );
}

#[tokio::test]
async fn another_format_is_refused_by_its_number() {
    let (_folder, path) = stopped().await;
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    transaction
        .open_table(meta)
        .unwrap()
        .insert("format", 2_u32.to_le_bytes().as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_eq!(refusal(&path), OpenFailure::Format { found: 2, known: 1 });
    assert_eq!(
        refusal(&path),
        OpenFailure::Format { found: 2, known: 1 },
        "it was left as it is"
    );
}

#[test]
fn a_folder_that_is_not_there_is_never_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert_eq!(refusal(&missing.join("store.redb")), OpenFailure::NoFolder);
    assert!(!missing.exists());
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(refusal(&file.join("store.redb")), OpenFailure::NoFolder);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refusal(folder.path()), OpenFailure::NotAFile);
    assert_eq!(refusal(Path::new("/dev/null")), OpenFailure::NotAFile);
}

#[tokio::test]
async fn what_can_only_be_read_is_refused() {
    let (folder, path) = stopped().await;
    if !modes_bind(folder.path()) {
        return;
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(refusal(&path), OpenFailure::ReadOnly);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o500)).unwrap();
    assert_eq!(
        refusal(&folder.path().join("new.redb")),
        OpenFailure::NotPermitted
    );
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn each_refusal_of_the_system_has_its_words_for_the_operator() {
    let cases = [
        (
            io::ErrorKind::PermissionDenied,
            OpenFailure::NotPermitted,
            "permission denied",
        ),
        (
            io::ErrorKind::ReadOnlyFilesystem,
            OpenFailure::ReadOnly,
            "only be read",
        ),
        (io::ErrorKind::StorageFull, OpenFailure::DiskFull, "no room"),
        (
            io::ErrorKind::QuotaExceeded,
            OpenFailure::DiskFull,
            "no room",
        ),
        (
            io::ErrorKind::NotFound,
            OpenFailure::NoFolder,
            "make the folder",
        ),
    ];
    for (kind, reason, words) in cases {
        let found = OpenFailure::from(redb::Error::Io(kind.into()));
        assert_eq!(found, reason);
        let said = found.at(Path::new("/var/lib/store.redb")).to_string();
        assert!(
            said.contains("/var/lib/store.redb") && said.contains(words),
            "{said}"
        );
    }
}
