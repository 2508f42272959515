//! The way of a change from the API to its answer.

use super::{CONVERSATION, Step, adapter::change as added, vendor};
use adapters::settings::Settings;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tagway::{
    config::{CatalogueAccess, OnLoss, Responses},
    gateway::{Route, compile},
    sequencer::{Job, Lanes, Sequencer},
    upstream::{Account, AccountLimits, AnswerBody, Base, CatalogueCache, Parts, Transport},
};
use tokio::{runtime::Runtime, time::Instant};
use tower::service_fn;

/// A vendor that takes every write at once, but counts and never answers those about one of the other conversations.
fn taking(catalogue: String, unanswered: Arc<AtomicUsize>) -> Transport {
    let done = move |request: http::Request<Bytes>| {
        let (status, body) = match request.method().as_str() {
            "GET" => (200, Bytes::from(catalogue.clone())),
            _ => (204, Bytes::new()),
        };
        let waits = request.uri().path().contains("other");
        let unanswered = unanswered.clone();
        async move {
            if waits {
                unanswered.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<()>().await;
            }
            let body = Full::new(body).map_err(|never| match never {});
            let answer = Response::builder().status(status);
            Ok(answer.body(AnswerBody::new(body)).expect("an answer"))
        }
    };
    Transport::new(service_fn(done))
}

/// A change from its request to its answer, `others` other conversations being changed at the time.
pub(super) fn change(others: usize) -> Step {
    let document = Arc::new(
        compile(vendor("elevenlabs"), vendor("elevenlabs").document).expect("it compiles"),
    );
    let tag = |number: usize| {
        serde_json::json!({
            "tag_id": format!("tag_{number:05}"), "title": format!("tag {number}"), "workspace_id": "w",
            "owner_user_id": "u", "description": null, "created_at_unix_secs": 1,
        })
    };
    let tags: Vec<_> = (0..10).map(tag).collect();
    let page =
        serde_json::json!({"conversation_tags": tags, "has_more": false, "next_cursor": null});
    let unanswered = Arc::new(AtomicUsize::new(0));
    let account = Account::new(Parts {
        key: "account".to_owned(),
        adapter: (vendor("elevenlabs").build)(&Settings::default(), document.value()),
        document,
        base: Base::parse(vendor("elevenlabs").base_url).expect("a URL"),
        credential: None,
        transport: taking(page.to_string(), unanswered.clone()),
        twin: None,
        catalogue: CatalogueCache::new(Duration::from_secs(3_600), 100_000),
        limits: AccountLimits {
            max_in_flight: others + 1,
            attempt_timeout: Duration::from_secs(3_600),
            ..AccountLimits::default()
        },
        rate: Vec::new(),
        earlier: None,
        seed: 1,
    });
    let route = Arc::new(Route {
        name: "desk".into(),
        account: Arc::new(account),
        create_missing: false,
        on_loss: OnLoss::Refuse,
        responses: Responses::Report,
        catalogue: CatalogueAccess::ReadWrite,
    });
    let job = move |conversation: String| Job {
        route: route.clone(),
        conversation,
        change: added(),
        create_missing: false,
        if_match: None,
        representation: false,
        deadline: Instant::now() + Duration::from_secs(3_600),
        meter: Arc::default(),
        once: None,
    };
    let (runtime, lanes) = (runtime(), Arc::new(Lanes::new()));
    runtime.block_on(async {
        lanes
            .submit(job(CONVERSATION.to_owned()))
            .await
            .expect("done");
        for number in 0..others {
            tokio::spawn(lanes.submit(job(format!("other-{number}"))));
        }
        // Nothing of the others' work is left to be done while it is measured.
        while unanswered.load(Ordering::Relaxed) < others {
            tokio::task::yield_now().await;
        }
    });
    Box::new(move || {
        let changed = runtime.block_on(async { lanes.submit(job(CONVERSATION.to_owned())).await });
        assert_eq!(changed.expect("done").added.len(), 3);
    })
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}
