//! The API over TLS: who can connect, with what, and how a new certificate takes the place of the old one.

use super::Certified;
use crate::support::{Gateway, program, route, run, soon};
use std::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn get(certified: &Certified, at: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = certified.connect(at, &["http/1.1"]).await?;
    stream
        .write_all(b"GET /v1/routes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    soon("the answer", stream.read_to_string(&mut answer)).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_certificate_is_replaced_while_connections_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = Certified::new(folder.path(), "server");
    let file = folder.path().join("gateway.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{}{}",
        first.keys(false),
        route("elevenlabs", "mock", "")
    );
    fs::write(&file, text).unwrap();
    let gateway = Gateway::from_file(&file).await;
    let mut kept = first.connect(gateway.at(), &["http/1.1"]).await.unwrap();
    let answer = get(&first, gateway.at()).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"elevenlabs\""), "{answer}");
    let second = Certified::new(folder.path(), "server");
    soon("the new certificate", async {
        while get(&second, gateway.at()).await.is_err() {}
    })
    .await;
    assert!(get(&first, gateway.at()).await.is_err());
    // The connection from before goes on.
    let ask = b"GET /v1/routes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    kept.write_all(ask).await.unwrap();
    let mut answer = String::new();
    soon("the answer", kept.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    // A key of another certificate is refused, and the last one goes on.
    let other = Certified::new(folder.path(), "other");
    fs::copy(other.key, second.key.clone()).unwrap();
    let told = gateway.admin("POST", "/reload").send().await.is(422);
    let faults = told.json()["last_reload_error"]["faults"].to_string();
    assert!(faults.contains("server.tls_key"), "{faults}");
    get(&second, gateway.at()).await.unwrap();
}

#[tokio::test]
async fn http2_is_spoken_where_both_want_it() {
    let folder = tempfile::tempdir().unwrap();
    let certified = Certified::new(folder.path(), "server");
    for (http2, chosen) in [(false, b"http/1.1".as_slice()), (true, b"h2")] {
        let gateway =
            crate::support::open(&certified.keys(http2), &route("elevenlabs", "mock", "")).await;
        let stream = certified
            .connect(gateway.at(), &["h2", "http/1.1"])
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen));
        let answer = get(&certified, gateway.at()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn whoever_speaks_no_tls_gets_nothing_and_whoever_says_nothing_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let certified = Certified::new(folder.path(), "server");
    let server = format!("head_timeout_ms = 200\n{}", certified.keys(true));
    let gateway = crate::support::open(&server, &route("elevenlabs", "mock", "")).await;
    for said in ["", "GET /v1/routes HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let mut stream = tokio::net::TcpStream::connect(gateway.at()).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = soon("the end", stream.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    let mut silent = certified.connect(gateway.at(), &["h2"]).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon("the end", silent.read_to_end(&mut answer)).await;
}

#[test]
fn what_is_wrong_with_certificate_and_key_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let certified = Certified::new(folder.path(), "server");
    let other = Certified::new(folder.path(), "other");
    let (sound, key) = (
        format!("tls_certificate = {:?}\n", certified.certificate),
        format!("tls_key = {:?}\n", certified.key),
    );
    let nowhere = folder.path().join("nowhere");
    let cases = [
        (
            sound.clone(),
            "server.tls_certificate: a certificate without its key",
        ),
        (key.clone(), "server.tls_key: a key without its certificate"),
        (
            "http2 = true\n".to_owned(),
            "server.http2: HTTP/2 is served over TLS only",
        ),
        (
            format!("{sound}tls_key = {:?}\n", other.key),
            "is not the key of",
        ),
        (
            format!("{sound}tls_key = {:?}\n", certified.certificate),
            "holds no key",
        ),
        (
            format!("tls_certificate = {nowhere:?}\n{key}"),
            "holds no certificates",
        ),
        (
            format!("tls_certificate = {:?}\n{key}", certified.key),
            "holds no certificates",
        ),
    ];
    let file = folder.path().join("gateway.toml");
    let name = file.to_str().unwrap();
    for (keys, told) in cases {
        let text = format!("[server]\n{keys}{}", route("elevenlabs", "mock", ""));
        fs::write(&file, text).unwrap();
        let (code, _, err) = run(&mut program(&["check", "--config", name]));
        assert_eq!(code, Some(2), "{keys}");
        assert!(err.contains(told), "{err}");
        assert!(
            err.contains("gateway.toml:2:") || err.contains("gateway.toml:3:"),
            "{err}"
        );
        assert!(!err.contains("PRIVATE KEY"), "{err}");
    }
    let text = format!("[server]\n{sound}{key}{}", route("elevenlabs", "mock", ""));
    fs::write(&file, text).unwrap();
    let (code, _, err) = run(&mut program(&["check", "--config", name]));
    assert_eq!(code, Some(0), "{err}");
}
