//! The steps of a request, each by itself and ready to be made again and again.

#![expect(clippy::expect_used, reason = "a step that fails is no measurement")]

use adapters::{
    Answer, Carried, Catalogue, CatalogueTag, Change, Element, Folding, Goal, Handle, HeldTag, Tag,
    TagRef, VENDORS, Vendor,
    reader::{Limits, project},
    settings::Settings,
};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};
use tagway::{
    answers::ChangeAnswer,
    config::{self, CatalogueAccess, Config, OnLoss, Responses, Secrets, VendorKeys},
    gateway::{self, Gateway, OPENAPI, Route, compile},
    json,
    reload::Live,
    schema::Document,
    sequencer::{Job, Lanes, Sequencer},
    upstream::{Account, AccountLimits, AnswerBody, Base, CatalogueCache, Parts, Transport},
};
use tokio::{runtime::Runtime, time::Instant};
use tower::{service_fn, util::BoxCloneSyncService};

/// A step: its name, and how it is got ready.
pub(crate) type Operation = (&'static str, fn() -> Step);

/// A step that is ready.
pub(crate) type Step = Box<dyn FnMut()>;

/// All steps, in the order in which a change takes them.
pub(crate) const ALL: &[Operation] = &[
    ("parse a change", parse),
    ("validate a change", validate),
    ("resolve 3 names among 10", || resolve(10)),
    ("resolve 3 names among 10,000", || resolve(10_000)),
    ("plan an add of 3", plan),
    ("render the answer", render),
    ("decode a conversation of 3 tags", || decode(3)),
    ("decode a conversation of 300 tags", || decode(300)),
    ("a change through its lane", || lane(0)),
    ("the same beside 100,000 lanes", || lane(99_999)),
    ("look the configuration up", look_up),
    ("build a configuration's successor", successor),
    ("build a gateway of three routes", build),
];

const CHANGE: &[u8] = br#"{"add":["tag 1","tag 2",{"name":"tag 3","value":null}]}"#;
const CONVERSATION: &str = "conv_8801k2m3n4p5q6r7s8t9v0w1x2";

fn vendor() -> &'static Vendor {
    let known = VENDORS.iter().find(|vendor| vendor.name == "elevenlabs");
    known.expect("a vendor")
}

fn parse() -> Step {
    Box::new(|| {
        black_box(json::parse(black_box(CHANGE)).expect("JSON"));
    })
}

fn validate() -> Step {
    let document = Document::compile("gateway", OPENAPI, &|_| None).expect("it compiles");
    let value = json::parse(CHANGE).expect("JSON");
    Box::new(move || {
        let operation = document.operation("change_conversation_tags");
        let check = operation.and_then(|operation| operation.request());
        assert!(check.expect("a body").is_valid(black_box(&value)));
    })
}

fn listed(number: usize) -> CatalogueTag {
    let held = HeldTag::new(Tag::bare(format!("tag {number}")), Handle::Name);
    CatalogueTag {
        tag: held.tag,
        identity: held.identity,
        id: Some(format!("tag_{number:05}")),
        holder: None,
        description: None,
        color: None,
        created_at: None,
    }
}

fn catalogue(tags: usize) -> Catalogue {
    Catalogue::new((0..tags).map(listed))
}

fn change() -> Change {
    let add = ["tag 1", "tag 2", "tag 3"].map(|name| TagRef::Tag(Tag::bare(name)));
    Change::Patch {
        add: add.into(),
        remove: Vec::new(),
    }
}

fn resolve(tags: usize) -> Step {
    let document = compile(vendor(), vendor().document).expect("it compiles");
    let adapter = (vendor().build)(&Settings::default(), document.value());
    let (catalogue, change) = (catalogue(tags), change());
    Box::new(move || {
        let mut folding = Folding::blind(adapter.rules(), &catalogue);
        let effect = folding.apply(black_box(&change), false);
        assert_eq!(effect.expect("known").added.len(), 3);
    })
}

fn held(number: usize) -> Element {
    let handle = Handle::Id(format!("tag_{number:05}"));
    Element::Tag(HeldTag::new(Tag::bare(format!("tag {number}")), handle))
}

fn plan() -> Step {
    let document = compile(vendor(), vendor().document).expect("it compiles");
    let adapter = (vendor().build)(&Settings::default(), document.value());
    let asked: Vec<(Element, bool)> = (1..4).map(|number| (held(number), true)).collect();
    Box::new(move || {
        let steps = adapter.write(black_box(CONVERSATION), Goal::Blind(&asked));
        assert_eq!(steps.expect("a plan").len(), 1);
    })
}

fn render() -> Step {
    let added: Vec<Element> = (1..4).map(held).collect();
    Box::new(move || {
        let answer = ChangeAnswer {
            route: "desk",
            conversation: CONVERSATION,
            added: black_box(&added),
            removed: &[],
            assumed: true,
            tags: None,
        };
        black_box(answer.json());
    })
}

fn decode(tags: usize) -> Step {
    let document = compile(vendor(), vendor().document).expect("it compiles");
    let adapter = (vendor().build)(&Settings::default(), document.value());
    let call = adapter.read(CONVERSATION).expect("a call");
    let ids: Vec<String> = (0..tags).map(|number| format!("tag_{number:05}")).collect();
    let turn = serde_json::json!({
        "role": "user", "message": "Could somebody call me back, please?", "time_in_call_secs": 4,
    });
    let body = serde_json::json!({
        "agent_id": "agent_1", "status": "done", "conversation_id": CONVERSATION, "tag_ids": ids,
        "has_audio": true, "has_user_audio": true, "has_response_audio": true,
        "metadata": {"start_time_unix_secs": 1, "call_duration_secs": 2}, "transcript": vec![turn; 12],
    });
    let body = body.to_string();
    Box::new(move || {
        let kept = project(call.keep, Limits::default(), black_box(body.as_bytes()));
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: kept.expect("JSON"),
        };
        let mut carried = Carried::default();
        adapter
            .carried(CONVERSATION, 0, &answer, &mut carried)
            .expect("a set");
        assert_eq!(carried.0.len(), tags);
    })
}

/// A vendor that takes every write at once, and never answers those about one of the other conversations.
fn taking(catalogue: String) -> Transport {
    let done = move |request: http::Request<Bytes>| {
        let (status, body) = match request.method().as_str() {
            "GET" => (200, Bytes::from(catalogue.clone())),
            _ => (204, Bytes::new()),
        };
        let waits = request.uri().path().contains("other");
        async move {
            if waits {
                std::future::pending::<()>().await;
            }
            let body = Full::new(body).map_err(|never| match never {});
            let answer = Response::builder().status(status);
            Ok(answer.body(AnswerBody::new(body)).expect("an answer"))
        }
    };
    BoxCloneSyncService::new(service_fn(done))
}

/// The way of a change from the API to its answer, `others` other conversations being changed at the time.
fn lane(others: usize) -> Step {
    let document = Arc::new(compile(vendor(), vendor().document).expect("it compiles"));
    let tag = |number: usize| {
        serde_json::json!({
            "tag_id": format!("tag_{number:05}"), "title": format!("tag {number}"), "workspace_id": "w",
            "owner_user_id": "u", "description": null, "created_at_unix_secs": 1,
        })
    };
    let tags: Vec<_> = (0..10).map(tag).collect();
    let page =
        serde_json::json!({"conversation_tags": tags, "has_more": false, "next_cursor": null});
    let account = Account::new(Parts {
        key: "account".to_owned(),
        adapter: (vendor().build)(&Settings::default(), document.value()),
        document,
        base: Base::parse(vendor().base_url).expect("a URL"),
        credential: None,
        transport: taking(page.to_string()),
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
        change: change(),
        create_missing: false,
        if_match: None,
        representation: false,
        deadline: Instant::now() + Duration::from_secs(3_600),
        until: None,
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
        while lanes.lanes() < others {
            tokio::task::yield_now().await;
        }
    });
    Box::new(move || {
        let changed = runtime.block_on(lanes.submit(job(CONVERSATION.to_owned())));
        assert_eq!(changed.expect("done").added.len(), 3);
    })
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn configuration() -> Config {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
                [routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"mock\"\n\
                [routes.team]\nvendor = \"awardee\"\nbase_url = \"mock\"\n\
                [routes.sales]\nvendor = \"attention\"\nbase_url = \"mock\"\n";
    let vendors: Vec<VendorKeys> = VENDORS
        .iter()
        .map(|vendor| VendorKeys {
            name: vendor.name,
            hosts: vendor.hosts,
            base_url: vendor.base_url,
            rate: vendor.rate,
            settings: vendor.settings,
            document: gateway::check_document,
        })
        .collect();
    let loaded = config::load(
        text,
        "bench.toml",
        &BTreeMap::new(),
        &vendors,
        Secrets::Check,
    );
    loaded.expect("a configuration").config
}

fn gateway() -> Gateway {
    Gateway::build(configuration(), Arc::new(Lanes::new()), None, 1).expect("a gateway")
}

fn look_up() -> Step {
    let live = Live::new(gateway(), String::new());
    Box::new(move || {
        let gateway = live.gateway();
        assert!(gateway.route(black_box("desk")).is_some());
    })
}

/// What a start is, but for the store and the sockets.
fn build() -> Step {
    Box::new(|| {
        black_box(gateway());
    })
}

fn successor() -> Step {
    let gateway = gateway();
    Box::new(move || {
        let next = gateway.successor(configuration(), 1).expect("a gateway");
        next.take_over();
        black_box(next);
    })
}
