use super::*;
use std::collections::BTreeMap;

/// What a key may hold after a failure.
type May = BTreeMap<RecordKey, Vec<Option<Record>>>;

/// Opens, writes three keys several times, closes; says what was acknowledged, and what may or may not be there.
async fn scenario(platter: &Platter) -> (bool, May) {
    let mut may = May::new();
    let mut closed = false;
    if let Ok((store, _)) = on(platter) {
        for round in 0..4_u8 {
            for number in 0..3_u8 {
                let record = match round % 2 {
                    0 => open_record(&"x".repeat(usize::from(round) * 3_000)),
                    _ => done_record(&format!("{round} {number}")),
                };
                let held = may.entry(key(number)).or_insert_with(|| vec![None]);
                match store.put(key(number), record.clone()).await {
                    Ok(()) => *held = vec![Some(record)],
                    Err(_) => held.push(Some(record)),
                }
            }
            let held = may.entry(key(0)).or_default();
            match store.remove(key(0)).await {
                Ok(()) => *held = vec![None],
                Err(_) => held.push(None),
            }
        }
        closed = store.close(b"notes".to_vec()).await.is_ok();
    }
    (closed, may)
}

async fn check(platter: &Platter, closed: bool, may: &May, place: &str) {
    let (store, found) = on(platter).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(!closed || found.clean, "{place}");
    let notes: &[u8] = if found.clean { b"notes" } else { b"" };
    assert_eq!(found.notes, notes, "{place}");
    let mut records = 0;
    let mut open = Vec::new();
    for (key, may) in may {
        let held = store.get(*key, 0).await.unwrap();
        assert!(
            may.contains(&held),
            "{place}: {key:?} holds {held:?}, not one of {may:?}"
        );
        records += usize::from(held.is_some());
        open.extend(
            held.filter(|held| matches!(held.state, RecordState::Open(_)))
                .map(|held| (*key, held)),
        );
    }
    assert_eq!(store.records(), records, "{place}");
    assert_eq!(found.open, open, "{place}");
}

#[tokio::test]
async fn a_power_cut_leaves_what_was_acknowledged_and_nothing_half_done() {
    let mut seed = fastrand::Rng::with_seed(1);
    for nth in 0.. {
        // The disk goes dead at its nth call, and the power with it.
        let platter = Platter::default();
        platter.fail(nth, usize::MAX);
        let (closed, may) = scenario(&platter).await;
        for survivors in 0..3 {
            let left = platter.after_power_cut(|| seed.u8(0..2) < survivors);
            check(&left, closed, &may, &format!("call {nth}, {survivors}")).await;
        }
        if !platter.has_failed() {
            assert!(closed && nth > 50, "{nth}");
            break;
        }
    }
}

#[tokio::test]
async fn a_failed_call_has_all_of_its_effect_or_none_and_the_next_one_works() {
    for count in [1, 2, 5] {
        for nth in 0.. {
            let platter = Platter::default();
            platter.fail(nth, count);
            let (closed, may) = scenario(&platter).await;
            let failed = platter.has_failed();
            platter.heal();
            let place = format!("calls {nth} to {}", nth + count);
            // What is acknowledged after a failure survives a power cut too.
            check(&platter.after_power_cut(|| false), closed, &may, &place).await;
            check(&platter, closed, &may, &place).await;
            if !failed {
                assert!(nth > 50, "{nth}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_room_again() {
    let platter = Platter::default();
    let (store, _) = on(&platter).unwrap();
    store.put(key(1), open_record("kept")).await.unwrap();
    platter.fail(0, usize::MAX);
    for _ in 0..3 {
        let refused = store.put(key(2), open_record("lost")).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
    platter.heal();
    assert_eq!(
        store.get(key(1), 0).await.unwrap(),
        Some(open_record("kept"))
    );
    store.put(key(3), open_record("new")).await.unwrap();
    let (store, found) = on(&platter.after_power_cut(|| false)).unwrap();
    assert!(!found.clean);
    assert_eq!(
        store.get(key(3), 0).await.unwrap(),
        Some(open_record("new"))
    );
}

#[tokio::test]
async fn a_clean_stop_that_failed_is_not_believed_once_the_store_goes_on() {
    let platter = Platter::default();
    drop(on(&platter).unwrap());
    let mut failed = 0;
    for nth in 0..20 {
        let (store, _) = on(&platter).unwrap();
        platter.fail(nth, 1);
        let outcome = store.close(b"early".to_vec()).await;
        platter.heal();
        if outcome.is_err() {
            failed += 1;
            store.put(key(1), open_record("later")).await.unwrap();
            let (_, found) = on(&platter.after_power_cut(|| false)).unwrap();
            assert_eq!((found.clean, found.notes.len()), (false, 0), "call {nth}");
        }
    }
    assert!(failed > 2, "{failed}");
}
