//! Calls to a vendor whose certificate a private authority has made.

use super::Certified;
use crate::support::{conversation, open, route, soon, tags_of, twin};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use std::{convert::Infallible, net::SocketAddr, sync::Arc};
use tagway::mock::{Options, Served};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A twin behind TLS.
async fn behind_tls(certified: &Certified) -> SocketAddr {
    let chain = tagway::tls::certificates(&certified.certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(&certified.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = twin("awardee", Options::default());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, served) = (acceptor.clone(), served.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
                    answer(request, served.clone())
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

async fn answer(
    request: http::Request<hyper::body::Incoming>,
    served: Arc<Served>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let request = http::Request::from_parts(head, body);
    Ok(served
        .call(request, tagway::clock::unix_ms())
        .map(Full::new))
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_the_route_names_it_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Certified::new(folder.path(), "proxy");
    let other = Certified::new(folder.path(), "other");
    let address = behind_tls(&proxy).await;
    let trusting = |file: Option<&Certified>| {
        let more = file.map_or_else(String::new, |certified| {
            format!("ca_file = {:?}\n", certified.certificate)
        });
        let plain = format!("http://{address}");
        let tls = format!("https://localhost:{}", address.port());
        route("awardee", &address.to_string(), &more).replace(&plain, &tls)
    };
    let target = tags_of("awardee", &conversation(1));
    for (trusted, status) in [(None, 503), (Some(&other), 503), (Some(&proxy), 200)] {
        let gateway = open("", &trusting(trusted)).await;
        let answer = soon("an answer", gateway.get(&target)).await.is(status);
        if status == 503 {
            assert_eq!(answer.json()["code"], "vendor-unavailable");
        }
    }
    // By its address it is not the host that the certificate names.
    let by_address = trusting(Some(&proxy)).replace("localhost", "127.0.0.1");
    let gateway = open("", &by_address).await;
    gateway.get(&target).await.is(503);
}
