//! TLS on both sides, and HTTP/2 on top of it.

mod attacks;
mod frames;
mod inbound;
mod outbound;
mod requests;

use crate::support::soon;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A certificate for `localhost`, with its key, in files.
struct Certified {
    certificate: PathBuf,
    key: PathBuf,
    roots: RootCertStore,
}

impl Certified {
    /// Makes one in this folder, in the place of one of the same name.
    fn new(folder: &Path, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let at = |end: &str| folder.join(format!("{name}.{end}"));
        let certified = Self {
            certificate: at("pem"),
            key: at("key"),
            roots,
        };
        fs::write(&certified.certificate, made.cert.pem()).unwrap();
        fs::write(&certified.key, made.signing_key.serialize_pem()).unwrap();
        certified
    }

    /// The keys of `[server]`.
    fn keys(&self, http2: bool) -> String {
        format!(
            "tls_certificate = {:?}\ntls_key = {:?}\nhttp2 = {http2}\n",
            self.certificate, self.key
        )
    }

    /// Connects as a client that trusts this certificate and no other, and offers these protocols.
    async fn connect(
        &self,
        to: SocketAddr,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        soon("a TLS connection", connector.connect(name, stream)).await
    }
}
