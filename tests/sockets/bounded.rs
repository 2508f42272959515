//! A bounded share of the run on sockets; `--example sockets` runs a long one.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_while_vendors_fail_and_clients_leave() {
    let figures = run::run(run::Settings {
        writers: 64,
        conversations: 32,
        mutations: 0.2,
        faults: 0.2,
        disconnects: 500,
        seed: 1,
    })
    .await;
    assert_eq!(figures.wrong, Vec::<String>::new(), "{}", figures.values);
    let count = |name: &str| figures.values[name].as_u64().expect("a count");
    assert!(count("acked") > 500, "{}", figures.values);
    assert!(count("unknown") > 0, "{}", figures.values);
    assert!(count("cut_requests") > 100, "{}", figures.values);
    let classes = figures.values["faults"].as_object().expect("classes");
    assert!(classes.len() > 20, "{}", figures.values);
}
