//! What is kept of the quota for the writes of changes that have begun.

use super::{
    context,
    quota::{Awardee, SECOND, list, published},
};
use crate::{
    config::RateWindow,
    upstream::{Account, CallContext, CallError, Priority},
};
use adapters::{Call, Repeat};
use std::time::Duration;

/// A change: what is carried is read, then it is replaced.
async fn change(account: &Account, priority: Priority, time: Duration) -> Result<(), CallError> {
    let context = CallContext {
        changes: true,
        priority,
        ..context(time)
    };
    account.send(&list(), None, &context).await.result?;
    let replace = Call {
        repeat: Repeat::ReplacesSet,
        ..list()
    };
    account.send(&replace, None, &context).await.result?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_many_changes_ask_for_at_once_makes_half_as_many() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let changes: Vec<_> = (0..200)
        .map(|n| {
            let priority = match n % 4 {
                0 => Priority::Bulk,
                _ => Priority::Interactive,
            };
            let account = account.clone();
            tokio::spawn(async move { change(&account, priority, 15 * SECOND).await })
        })
        .collect();
    let mut made = 0;
    for change in changes {
        match change.await.expect("no panic") {
            Ok(()) => made += 1,
            Err(CallError::QuotaUsed(wait)) => assert!(wait >= 15 * SECOND, "{wait:?}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((made, awardee.counts()), (30, (60, 0)));
    assert_eq!(account.line().kept, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_for_a_write_is_free_again_when_the_change_needs_none() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let context = CallContext {
        changes: true,
        ..context(15 * SECOND)
    };
    for _ in 0..2 {
        let sent = account.send(&list(), None, &context).await;
        sent.result.expect("it is answered");
    }
    assert_eq!(account.line().kept, 1, "one change, one write");
    drop(context);
    assert_eq!(account.line().kept, 0);
    // Where only one call fits, the write waits for its own.
    let window = RateWindow {
        requests: 1,
        length: SECOND,
    };
    let awardee = Awardee::new(&[window]);
    let account = awardee.account(vec![window]);
    let changed = change(&account, Priority::Interactive, 15 * SECOND).await;
    changed.expect("both calls are made");
    assert_eq!(awardee.counts(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_read_after_the_write_keeps_nothing() {
    let awardee = Awardee::new(&published());
    let account = awardee.account(published());
    let context = CallContext {
        changes: true,
        ..context(15 * SECOND)
    };
    let replace = Call {
        repeat: Repeat::ReplacesSet,
        ..list()
    };
    for (call, kept) in [(list(), 1), (replace, 0), (list(), 0)] {
        let sent = account.send(&call, None, &context).await;
        sent.result.expect("it is answered");
        assert_eq!(account.line().kept, kept, "{:?}", call.repeat);
    }
}
