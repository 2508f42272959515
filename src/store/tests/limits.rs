use super::*;

fn limited(max_records: usize) -> (Store, Platter) {
    let limits = StoreLimits {
        max_records,
        max_record_bytes: 10,
    };
    let platter = Platter::default();
    let (store, _) = Store::with_backend(platter.clone(), limits, 0).unwrap();
    (store, platter)
}

fn until(expires_ms: u64) -> Record {
    Record {
        expires_ms,
        ..open_record("x")
    }
}

#[tokio::test]
async fn an_expired_record_is_gone_though_it_was_not_yet_removed() {
    let (store, platter) = limited(10);
    store.put(key(1), until(100)).await.unwrap();
    assert_eq!(store.get(key(1), 99).await.unwrap(), Some(until(100)));
    assert_eq!(store.get(key(1), 100).await.unwrap(), None);
    assert_eq!(store.records(), 1);
    let limits = StoreLimits::default();
    let open = |now| {
        Store::with_backend(platter.after_power_cut(|| false), limits, now)
            .unwrap()
            .1
    };
    assert_eq!(open(99).open.len(), 1);
    assert_eq!(open(100).open.len(), 0);
}

#[tokio::test]
async fn expiry_removes_what_has_expired_a_bounded_number_at_a_time() {
    let (store, platter) = limited(10_000);
    for number in 0..1_002_u16 {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        store
            .put(RecordKey(key), until(u64::from(number)))
            .await
            .unwrap();
    }
    assert_eq!(store.expire(0).await.unwrap(), 1);
    assert_eq!(store.expire(1_000).await.unwrap(), 1_000);
    assert_eq!(store.records(), 1);
    let syncs = platter.syncs();
    assert_eq!(store.expire(1_000).await.unwrap(), 0);
    assert_eq!(platter.syncs(), syncs, "nothing to do, nothing to sync");
    assert_eq!(store.expire(1_001).await.unwrap(), 1);
}

#[tokio::test]
async fn a_record_put_again_expires_at_its_new_time() {
    let (store, _) = limited(10);
    store.put(key(1), until(100)).await.unwrap();
    store.put(key(1), until(200)).await.unwrap();
    assert_eq!(store.expire(150).await.unwrap(), 0);
    assert_eq!(store.get(key(1), 150).await.unwrap(), Some(until(200)));
    assert_eq!(store.expire(200).await.unwrap(), 1);
}

#[tokio::test]
async fn a_full_store_makes_room_by_what_has_expired_and_else_refuses() {
    let (store, _) = limited(2);
    store.put(key(1), until(100)).await.unwrap();
    store.put(key(2), until(200)).await.unwrap();
    let full = store.put(key(3), until(300)).await;
    assert_eq!(full, Err(StoreError::Full { max: 2 }));
    // A record that is there already takes no more room.
    store.put(key(2), until(201)).await.unwrap();
    assert_eq!(store.get(key(3), 100).await.unwrap(), None);
    store.put(key(3), until(300)).await.unwrap();
    assert_eq!(store.records(), 2);
    assert_eq!(store.get(key(2), 100).await.unwrap(), Some(until(201)));
}

#[tokio::test]
async fn a_record_over_the_limit_is_refused() {
    let (store, _) = limited(2);
    let refused = store.put(key(1), open_record("12345678901")).await;
    assert_eq!(refused, Err(StoreError::TooLarge { bytes: 11, max: 10 }));
    store.put(key(1), open_record("1234567890")).await.unwrap();
}
