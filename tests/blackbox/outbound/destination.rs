//! Where a call goes: to the vendor's own address and nowhere else, whatever the vendor, the resolver or the
//! environment say.

use super::raw::Raw;
use crate::support::{Ask, Process, conversation, line_with, open, program, route, tags_of};
use bytes::Bytes;
use http::Request;
use serde_json::json;
use std::{fs, net::SocketAddr};
use tagway::upstream::{Base, TransportError, network};
use tower::ServiceExt;

const DENIED: &str = "HTTP/1.1 404 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

#[tokio::test]
async fn a_redirect_is_never_followed_and_takes_no_key_along() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Raw::once(DENIED).await;
        let redirect = format!(
            "HTTP/1.1 {status} x\r\nlocation: http://{}/v1/conversations\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            elsewhere.address
        );
        let vendor = Raw::once(redirect).await;
        let gateway = open(
            "",
            &route(
                "awardee",
                &vendor.address.to_string(),
                "settle_ms = 1_000\n",
            ),
        )
        .await;
        let set = tags_of("awardee", &conversation(1));
        let answer = gateway.get(&set).await.is(502);
        assert_eq!(answer.json()["code"], "vendor-invalid-response");
        let answer = gateway.send("PUT", &set, &json!({"tags": []})).await;
        assert!(answer.status >= 500, "{}", answer.status);
        assert!(vendor.heads().len() >= 2);
        assert_eq!(elsewhere.heads(), [] as [String; 0], "{status}");
    }
}

#[tokio::test]
async fn a_name_or_an_address_that_is_not_public_is_refused_before_anything_is_sent() {
    let inside = Raw::once(DENIED).await;
    let port = inside.address.port();
    let ask = |any_address: bool, host: &str| {
        let base = Base::parse(&format!("http://{host}:{port}")).unwrap();
        let transport = network(&base, any_address, &[]).unwrap();
        let uri = format!("http://{host}:{port}/v1/conversations");
        transport.oneshot(Request::get(uri).body(Bytes::new()).unwrap())
    };
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
    ] {
        match ask(false, host).await {
            Err(TransportError::NotSent(_)) => {}
            other => panic!("{host}: {:?}", other.map(|answer| answer.status())),
        }
    }
    assert_eq!(inside.heads(), [] as [String; 0]);
    // The same with the operator's consent.
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(ask(true, host).await.unwrap().status(), 404, "{host}");
    }
    assert_eq!(inside.heads().len(), 2);
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_not_asked() {
    let proxy = Raw::once(DENIED).await;
    let vendor = Raw::once(DENIED).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, route("awardee", &vendor.address.to_string(), "")).unwrap();
    let mut command = program(&["--config", path.to_str().unwrap()]);
    let url = format!("http://{}", proxy.address);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &url).env(name.to_lowercase(), &url);
    }
    command
        .env("TAGWAY_SERVER__LISTEN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__ADMIN", "127.0.0.1:0")
        .env("TAGWAY_SERVER__LOG", "json")
        .env("VENDOR_KEY", "vendor-secret")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    let mut process = Process::start(&mut command);
    let line = line_with(&mut process.err, "tagway serves").await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let public: SocketAddr = line["public"].as_str().unwrap().parse().unwrap();
    let set = tags_of("awardee", &conversation(1));
    Ask::new(public, "GET", &set).send().await.is(404);
    assert_eq!(vendor.heads().len(), 1);
    assert_eq!(proxy.heads(), [] as [String; 0]);
}
