//! TLS that fails, on either side: what is said of it holds neither a credential nor a part of a private key.

use crate::{
    canaries::{self, Canary, Output},
    support::{Ask, Process, line_with, program, route, soon},
};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use std::{fs, net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A vendor whose certificate nobody vouches for, and is made out to somebody who knows the key.
pub(crate) async fn behind_an_unknown_certificate(key: &Canary) -> SocketAddr {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(DnType::OrganizationName, key.value.clone());
    let pair = KeyPair::generate().unwrap();
    let made = params.self_signed(&pair).unwrap();
    let private = PrivateKeyDer::from_pem_slice(pair.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // That it fails is what it is here for.
            let _ = acceptor.accept(stream).await;
        }
    });
    address
}

/// A certificate and its key in files. Answers the lines of the key that are worth hiding.
fn certified(folder: &Path) -> Vec<(&'static str, String)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_pem();
    fs::write(folder.join("tls.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("tls.key"), &key).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with('-'));
    lines.map(|line| ("a line", line.to_owned())).collect()
}

/// What a client gets for its bytes, if anything.
async fn sent(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // It may be refused before all of it is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = soon("the end", stream.read_to_end(&mut answer)).await;
    answer
}

async fn distrusting(to: SocketAddr) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let stream = TcpStream::connect(to).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
    assert!(soon("the refusal", connected).await.is_err());
}

#[tokio::test]
async fn what_is_said_of_failed_tls_holds_no_part_of_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let private = certified(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let server = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nlog = \"json\"\n\
         tls_certificate = {:?}\ntls_key = {:?}\nhttp2 = true\nhead_timeout_ms = 300\n",
        at("tls.pem"),
        at("tls.key")
    );
    fs::write(&file, server + &route("elevenlabs", "mock", "")).unwrap();
    let mut command = program(&["serve", "--config", file.to_str().unwrap()]);
    let mut process = Process::start(command.env("RUST_LOG", "trace"));
    let line = line_with(&mut process.err, "tagway serves").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
    let (public, admin): (SocketAddr, SocketAddr) = (address("public"), address("admin"));
    let mut output = Output::default();
    let client = &canaries::client_keys()[0];
    let plain = format!(
        "GET /v1/routes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        client.value
    );
    // No TLS at all; a hello that is none; one that stops.
    for bytes in [plain.as_bytes(), b"\x16\x03\x01\x00\x05hello", b"\x16\x03"] {
        output.add("answer", sent(public, bytes).await);
    }
    distrusting(public).await;
    // A key that lacks a line, one of another certificate, none.
    let whole = fs::read_to_string(at("tls.key")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for key in [
        [&lines[..1], &lines[2..]].concat().join("\n"),
        lines[1..].join("\n"),
        whole.replace("BEGIN PRIVATE", "BEGIN PUBLIC"),
        other.signing_key.serialize_pem(),
        String::new(),
    ] {
        fs::write(at("tls.key"), key).unwrap();
        let answer = Ask::elsewhere(admin, "POST", "/reload")
            .send()
            .await
            .is(422);
        output.add("/reload", answer.body);
        let answer = Ask::elsewhere(admin, "GET", "/readyz").send().await.is(200);
        output.add("/readyz", answer.body);
    }
    process.signal("TERM");
    process.end().await;
    while let Some(line) = process.err.recv().await {
        output.add("stderr", line);
    }
    assert!(output.len() > 20, "{}", output.len());
    output.is_clean(&canaries::all());
    let hits = output.hits_of("the key of the certificate", &private);
    assert!(hits.is_empty(), "{hits:#?}");
}
