//! How the gateway stands towards its vendors: what the operator and the callers are told of quotas and breakers, and
//! that one vendor's trouble is nobody else's.

use crate::support::{
    Answer, Fault, Faulty, Gateway, conversation, open, route, soon, tags_of, until,
};
use serde_json::{Value, json};
use tagway::mock::Options;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A route of the account `acme`, with the windows that it is granted.
fn limited(vendor: &str, base_url: &str, more: &str) -> String {
    let windows = "account = \"acme\"\nrate = [\"60/min\", \"1000/h\"]\n";
    route(vendor, base_url, more).replace("rate = \"off\"\n", windows)
}

/// What is told of one account.
async fn status_of(gateway: &Gateway, account: &str) -> Value {
    let status = gateway.admin("GET", "/status").send().await.is(200).json();
    let accounts = status["accounts"].as_array().unwrap();
    let told = accounts.iter().find(|told| told["account"] == account);
    told.unwrap_or_else(|| panic!("no {account} in {status}"))
        .clone()
}

/// The windows that an answer tells, `name` with what follows it.
fn windows(answer: &Answer, header: &str) -> Vec<(String, String)> {
    let list = answer.header(header).unwrap().split(", ");
    list.map(|item| item.split_once(';').unwrap())
        .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_vendor_that_refuses_the_key_is_left_alone_and_the_operator_sees_why() {
    let refuses = Fault::Answer(401, &[], "{}".to_owned());
    let vendor = Faulty::always("elevenlabs", refuses).await;
    let routes = limited("elevenlabs", &vendor.address.to_string(), "")
        + &route("awardee", "mock", "account = \"other\"\n");
    let gateway = open("", &routes).await;
    let target = tags_of("elevenlabs", &conversation(1));
    let closed = status_of(&gateway, "acme").await;
    assert_eq!(closed["breaker"]["state"], "closed");
    assert_eq!(closed["breaker"]["cause"], Value::Null);
    gateway.get(&target).await.is(502);
    let calls = vendor.seen().len();
    let stopped = gateway.get(&target).await.is(503);
    assert_eq!(stopped.json()["code"], "vendor-unavailable");
    assert!(stopped.header("retry-after").is_some());
    assert_eq!(vendor.seen().len(), calls, "it is left alone");

    let told = status_of(&gateway, "acme").await;
    assert_eq!(
        (&told["routes"], &told["vendor"]),
        (&json!(["elevenlabs"]), &json!("elevenlabs"))
    );
    assert_eq!(told["breaker"]["state"], "open");
    assert_eq!(told["breaker"]["cause"], "credential");
    let (since, probe) = (&told["breaker"]["since"], &told["breaker"]["next_probe"]);
    assert!(since.as_str().unwrap() < probe.as_str().unwrap(), "{told}");
    let windows = told["quota"]["windows"].as_array().unwrap();
    assert_eq!(
        (windows.len(), &windows[0]["limit"], &windows[0]["used"]),
        (2, &json!(60), &json!(calls))
    );
    assert_eq!(windows[1]["remaining"], json!(1_000 - calls));
    assert_eq!(told["slots"], json!({"used": 0, "most": 8}));
    assert_eq!(told["line"], json!({"interactive": 0, "bulk": 0}));
    assert_eq!(
        status_of(&gateway, "other").await["breaker"]["state"],
        "closed"
    );

    // The others are served, so the gateway is ready.
    let ready = gateway.admin("GET", "/readyz").send().await.is(200).json();
    let open = ready["open_breakers"].as_array().unwrap();
    assert_eq!((open.len(), &open[0]["account"]), (1, &json!("acme")));
    assert_eq!(open[0]["breaker"]["cause"], "credential");
    let text = gateway.admin("GET", "/metrics").send().await.is(200).body;
    let text = String::from_utf8(text).unwrap();
    for line in [
        "tagway_breaker_state{account=\"acme\",state=\"open\"} 1",
        "tagway_breaker_state{account=\"acme\",state=\"closed\"} 0",
        "tagway_breaker_state{account=\"other\",state=\"closed\"} 1",
        "tagway_quota_limit{account=\"acme\",seconds=\"3600\"} 1000",
        "tagway_calls_under_way{account=\"acme\"} 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn callers_are_told_what_is_left_of_the_vendors_windows() {
    let routes = limited("awardee", "mock", "max_in_flight = 3\n");
    let gateway = open("client_rate = [\"600/min\"]\n", &routes).await;
    let target = tags_of("awardee", &conversation(1));
    let answer = gateway.get(&target).await.is(200);
    let policies = windows(&answer, "ratelimit-policy");
    let expected = [
        ("\"client-60s\"", "q=600;w=60"),
        ("\"vendor-60s\"", "q=60;w=60"),
        ("\"vendor-3600s\"", "q=1000;w=3600"),
    ];
    let expected = expected.map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    assert_eq!(policies, expected);
    let calls = gateway.embedded("awardee").calls().len();
    let left = windows(&answer, "ratelimit");
    assert!(
        left[1].1.starts_with(&format!("r={};t=", 60 - calls)),
        "{left:?}"
    );
    assert!(
        left[2].1.starts_with(&format!("r={};t=", 1_000 - calls)),
        "{left:?}"
    );
    // What is about no account tells of none.
    let routes = gateway.get("/v1/routes").await.is(200);
    assert_eq!(windows(&routes, "ratelimit").len(), 1);
    assert_eq!(
        status_of(&gateway, "acme").await["slots"],
        json!({"used": 0, "most": 3})
    );
}

#[tokio::test]
async fn while_one_vendor_hangs_the_others_are_served_as_before() {
    let vendor = Faulty::always("awardee", Fault::Silence).await;
    let routes = route(
        "awardee",
        &vendor.address.to_string(),
        "breaker_failures = 0\n",
    ) + &route("elevenlabs", "mock", "")
        + &route("attention", "mock", "");
    let gateway = open("", &routes).await;
    let hanging: Vec<_> = (0..100)
        .map(|number| {
            let target = tags_of("awardee", &conversation(number));
            let ask = gateway.ask("GET", &target);
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    let account = gateway.running.status.gateway();
    let account = account.route("awardee").unwrap().account.clone();
    until("every place at the hanging vendor", || {
        account.line().taken == account.line().places
    })
    .await;
    for number in 0..25 {
        for other in ["elevenlabs", "attention"] {
            let target = tags_of(other, &conversation(number));
            let answer = soon("an answer of another vendor", gateway.get(&target)).await;
            answer.is(200);
        }
    }
    assert!(hanging.iter().all(|one| !one.is_finished()));
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_id_that_the_vendor_gave_and_does_not_take_back_is_the_vendors_fault() {
    let options = Options {
        tags: vec![json!("vip")],
        ..Options::default()
    };
    let carried = json!({"total": 1, "page": 1, "page_size": 100, "data": [
        {"id": "no-uuid", "name": "odd", "color": null, "created_at": "2026-01-01T00:00:00Z"},
    ]});
    let vendor = Faulty::new("awardee", options, move |seen| {
        let reads = seen.method == "GET" && seen.path.contains("/conversations/");
        reads.then(|| Fault::Answer(200, JSON, carried.to_string()))
    })
    .await;
    let gateway = open("", &route("awardee", &vendor.address.to_string(), "")).await;
    let target = tags_of("awardee", &conversation(1));
    let read = gateway.get(&target).await.is(200).json();
    assert_eq!(read["tags"][0]["id"], "no-uuid");
    let change = format!("{target}/vip");
    let told = gateway.ask("PUT", &change).send().await.is(502).json();
    assert_eq!(told["code"], "vendor-invalid-response");
    assert_eq!(told["outcome"], "not applied");
    assert_eq!(vendor.count("PUT"), 0);
}
