use super::*;
use crate::store::{
    disk::Disk,
    engine::{Engine, Write},
    writer::Writer,
};
use std::{os::unix::fs::PermissionsExt, sync::Arc};

#[tokio::test]
async fn a_record_is_found_as_it_was_put_now_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, found) = at(&path).unwrap();
    assert!(found.first && !found.clean && found.open.is_empty());
    assert_eq!(store.get(key(1), 0).await.unwrap(), None);
    store.put(key(1), open_record("plan")).await.unwrap();
    store.put(key(2), open_record("gone")).await.unwrap();
    store.put(key(2), done_record("answer")).await.unwrap();
    store.put(key(3), open_record("removed")).await.unwrap();
    store.remove(key(3)).await.unwrap();
    let secret = *store.secret();
    for restart in 0..2 {
        let store = if restart == 0 {
            store.clone()
        } else {
            store.close(b"notes".to_vec()).await.unwrap();
            let (store, found) = at(&path).unwrap();
            assert!(!found.first && found.clean);
            assert_eq!(found.notes, b"notes");
            assert_eq!(found.open, [(key(1), open_record("plan"))]);
            assert_eq!(*store.secret(), secret);
            store
        };
        assert_eq!(
            store.get(key(1), 0).await.unwrap(),
            Some(open_record("plan"))
        );
        assert_eq!(
            store.get(key(2), 0).await.unwrap(),
            Some(done_record("answer"))
        );
        assert_eq!(store.get(key(3), 0).await.unwrap(), None);
        assert_eq!(store.records(), 2);
    }
}

#[tokio::test]
async fn the_mark_of_a_clean_stop_holds_for_one_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    store.close(b"n".to_vec()).await.unwrap();
    assert!(at(&path).unwrap().1.clean);
    // The one above was dropped without a clean stop.
    let (_, found) = at(&path).unwrap();
    assert_eq!((found.clean, found.notes.len()), (false, 0));
}

#[tokio::test]
async fn a_closed_store_refuses_everything_and_leaves_the_file_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    store.close(vec![]).await.unwrap();
    let closed = || Err(StoreError::Closed);
    assert_eq!(store.put(key(1), open_record("")).await, closed());
    assert_eq!(store.remove(key(1)).await, closed());
    assert_eq!(store.expire(0).await, Err(StoreError::Closed));
    assert_eq!(store.get(key(1), 0).await, Err(StoreError::Closed));
    assert_eq!(store.close(vec![]).await, closed());
    let (other, _) = at(&path).unwrap();
    other.put(key(1), open_record("")).await.unwrap();
}

#[tokio::test]
async fn only_the_owner_can_read_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let other = folder.path().join("other.redb");
    assert_ne!(store.secret(), at(&other).unwrap().0.secret());
    let secret = format!("{:?}", store.secret());
    assert!(!format!("{store:?}").contains(&secret));
    assert_eq!(format!("{:?}", key(0xab)), "RecordKey(abababab…)");
    assert!(!format!("{:?}", done_record("body")).contains("body"));
}

#[tokio::test]
async fn writes_that_wait_share_a_sync() {
    let platter = Platter::default();
    let opened = Engine::open(
        Disk::new(platter.clone()),
        StoreLimits::default(),
        0,
        &|| Ok(SECRET),
    );
    let opened = opened.unwrap();
    let writer = Arc::new(Writer::start(opened.engine).unwrap());
    let before = platter.syncs();
    let hold = platter.hold();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let writer = Arc::clone(&writer);
        tasks.spawn(async move {
            writer
                .write(Write::Put(key(number), open_record("x")))
                .await
        });
    }
    // All of them have asked once this task has its turn again.
    tokio::task::yield_now().await;
    drop(hold);
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(opened.view.records(), 100);
    let syncs = platter.syncs() - before;
    assert!(syncs <= 3, "{syncs} syncs for 100 writes");
}

#[tokio::test]
async fn what_was_asked_before_the_last_handle_went_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, _) = at(&path).unwrap();
    let mut puts = tokio::task::JoinSet::new();
    for number in 0..10 {
        let store = store.clone();
        puts.spawn(async move { store.put(key(number), open_record("x")).await });
    }
    drop(store);
    for outcome in puts.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(at(&path).unwrap().1.open.len(), 10);
}
