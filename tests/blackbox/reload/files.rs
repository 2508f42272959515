//! What is read, when, and what is told of it.

use super::{Reloading, SERVER};
use crate::support::{Faulty, Gateway, conversation, route, soon, tags_of};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::symlink, path::Path};
use tagway::mock::Options;

#[tokio::test]
async fn a_bad_file_changes_nothing_and_is_told_until_it_is_mended() {
    let sound = route("elevenlabs", "mock", "");
    let at = Reloading::start(&sound).await;
    let ready = at.ready().await;
    assert_eq!(ready["config_generation"], 1);
    assert_eq!(ready["last_reload_error"], Value::Null);
    at.write(&format!("{sound}[routes.b]\nvendor = \"awarde\"\n"));
    let told = at.reload().await.is(422).json();
    assert_eq!(told["reloaded"], false);
    let ready = at.ready().await;
    assert_eq!(ready["ready"], true);
    // The watch may have been quicker, and then it has told it already.
    assert_eq!(ready["config_generation"], 1);
    let fault = ready["last_reload_error"]["faults"][0].as_str().unwrap();
    assert!(fault.starts_with("test.toml:10:"), "{fault}");
    assert!(fault.contains("awardee"), "{fault}");
    at.gateway.get("/v1/elevenlabs/tags").await.is(200);
    at.gateway.get("/v1/b/tags").await.is(404);
    at.write(&format!("{sound}{}", route("awardee", "mock", "")));
    at.reload().await.is(200);
    let ready = at.ready().await;
    assert!(ready["config_generation"].as_u64() >= Some(2), "{ready}");
    assert_eq!(ready["last_reload_error"], Value::Null);
    assert_eq!(ready["routes"], json!(["awardee", "elevenlabs"]));
    at.gateway.get("/v1/awardee/tags").await.is(200);
    at.gateway.admin("GET", "/reload").send().await.is(405);
}

#[tokio::test]
async fn what_takes_a_restart_is_named_with_its_place() {
    let sound = route("elevenlabs", "mock", "");
    let at = Reloading::start(&sound).await;
    for (key, value) in [
        ("listen", "\"127.0.0.1:1\""),
        ("admin", "\"127.0.0.1:1\""),
        ("max_in_flight", "7"),
        ("max_connections", "7"),
        ("max_connections_per_address", "7"),
        ("log", "\"json\""),
    ] {
        let others = SERVER
            .lines()
            .filter(|line| !line.starts_with(key))
            .fold(String::new(), |text, line| format!("{text}{line}\n"));
        at.write_all(&format!("{others}{key} = {value}\n{sound}"));
        let told = at.reload().await.is(422).json();
        let faults = told["last_reload_error"]["faults"].as_array().unwrap();
        let fault = faults[0].as_str().unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(fault.contains(&format!(": server.{key}: ")), "{fault}");
        assert!(fault.starts_with("test.toml:"), "{fault}");
    }
    assert_eq!(at.ready().await["config_generation"], 1);
}

#[tokio::test]
async fn a_file_that_is_replaced_or_led_to_by_swapped_links_is_noticed() {
    let at = Reloading::start(&route("elevenlabs", "mock", "")).await;
    at.write(&route("awardee", "mock", ""));
    soon("the first reload", serves(&at.gateway, "awardee")).await;
    // As a volume of a ConfigMap is laid out, and how it is updated.
    let volume = at.folder.path().join("volume");
    let version = |name: &str, vendor: &str| {
        fs::create_dir_all(volume.join(name)).unwrap();
        let text = format!("{SERVER}{}", route(vendor, "mock", ""));
        fs::write(volume.join(name).join("gateway.toml"), text).unwrap();
        let _ = fs::remove_file(volume.join("..data_tmp"));
        symlink(name, volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    };
    version("..1", "elevenlabs");
    let file = volume.join("gateway.toml");
    symlink(Path::new("..data/gateway.toml"), &file).unwrap();
    let gateway = Gateway::from_file(&file).await;
    for (name, vendor) in [("..2", "attention"), ("..3", "awardee")] {
        version(name, vendor);
        soon("a reload", serves(&gateway, vendor)).await;
    }
}

async fn serves(gateway: &Gateway, vendor: &str) {
    let target = format!("/v1/{vendor}/tags");
    while gateway.get(&target).await.status != 200 {}
}

#[tokio::test]
async fn a_rotated_secret_is_sent_from_the_next_call_on_and_nothing_is_forgotten() {
    let vendor = Faulty::new("awardee", Options::default(), |_| None).await;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    fs::write(&secret, "first-key\n").unwrap();
    let routes = route("awardee", &vendor.address.to_string(), "").replace(
        "env:VENDOR_KEY",
        &format!("file:{}", secret.to_str().unwrap()),
    );
    let at = Reloading::start(&routes).await;
    let target = tags_of("awardee", &conversation(1));
    at.gateway.get(&target).await.is(200);
    let lists = |vendor: &Faulty| {
        let seen = vendor.seen();
        seen.iter()
            .filter(|seen| seen.path.contains("tags?"))
            .count()
    };
    let before = lists(&vendor);
    fs::write(&secret, "second-key\n").unwrap();
    soon("the new key", async {
        loop {
            at.gateway.get(&target).await.is(200);
            if vendor.seen().last().unwrap().head.contains("second-key") {
                return;
            }
        }
    })
    .await;
    assert!(vendor.seen()[0].head.contains("first-key"));
    assert_eq!(lists(&vendor), before, "the catalogue is read again");
    // One that no header can hold is refused, and the one before goes on.
    fs::write(&secret, "third\u{7f}key").unwrap();
    at.reload().await.is(422);
    at.gateway.get(&target).await.is(200);
    assert!(vendor.seen().last().unwrap().head.contains("second-key"));
}

#[tokio::test]
async fn a_twin_remembers_across_reloads_whether_its_account_changed_or_not() {
    let twin = |more: &str| route("elevenlabs", "mock", more);
    let at = Reloading::start(&twin("create_missing = true")).await;
    let target = tags_of("elevenlabs", &conversation(1));
    let added = format!("{target}/kept");
    at.gateway.ask("PUT", &added).send().await.is(200);
    for more in ["create_missing = false", "settle_ms = 1_000"] {
        at.write(&twin(more));
        at.reload().await.is(200);
        let carried = at.gateway.get(&target).await.is(200).json();
        assert_eq!(carried["tags"][0]["tag"], "kept", "{more}");
    }
}

#[tokio::test]
async fn a_key_that_is_taken_away_is_refused_on_a_connection_that_is_open() {
    let hash = |key: &str| {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(key.as_bytes());
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hash
    };
    let with = |key: &str| {
        format!(
            "[[clients]]\nname = \"crm\"\nkey_sha256 = [\"{}\"]\nroutes = [\"awardee\"]\nscopes = [\"read\"]\n{}",
            hash(key),
            route("awardee", "mock", "")
        )
    };
    let at = Reloading::start(&with("old")).await;
    let mut wire = crate::support::Wire::open(at.gateway.at()).await;
    let ask = "GET /v1/awardee/tags HTTP/1.1\r\nhost: x\r\nauthorization: Bearer old\r\n\r\n";
    wire.send(ask.as_bytes()).await;
    assert_eq!(wire.answer_to("GET").await.status, 200);
    at.write(&with("new"));
    at.reload().await.is(200);
    wire.send(ask.as_bytes()).await;
    assert_eq!(wire.answer_to("GET").await.status, 401);
}
