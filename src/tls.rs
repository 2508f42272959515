//! Certificates and keys from files, and what TLS is made of.

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// Where the server's certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key in PEM: PKCS #8, PKCS #1 or SEC1, not encrypted.
    pub key: PathBuf,
    /// Whether a client may ask for HTTP/2.
    pub http2: bool,
}

/// Why files are no certificate or no key, each with the file's name and never with what it holds.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The chain cannot be used.
    #[error("{0}")]
    Certificate(String),
    /// The key cannot be used, or is not that of the certificate.
    #[error("{0}")]
    Key(String),
}

/// What a TLS listener is made of: TLS 1.2 and 1.3, no client certificates.
///
/// # Errors
/// Which of the files is wrong, and why.
pub fn server(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&files.certificate).map_err(TlsError::Certificate)?;
    let shown = files.key.display();
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::Key(format!("`{shown}` holds no key: {error}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Certificate(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Key(format!(
                "`{shown}` is not the key of `{}`",
                files.certificate.display()
            )),
            rustls::Error::General(why) => TlsError::Key(format!("`{shown}`: {why}")),
            other => TlsError::Certificate(format!("`{}`: {other}", files.certificate.display())),
        })?;
    config.alpn_protocols = match files.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(Arc::new(config))
}

/// What calls over TLS are made with: TLS 1.2 and 1.3; the system's authorities are trusted, and these.
///
/// # Errors
/// Nobody would be trusted, or one of `authorities` is no certificate.
pub fn client(authorities: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = system().clone();
    for authority in authorities {
        let added = roots.add(authority.clone());
        added.map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("the system has no certificates of authorities".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The authorities that the system trusts, read once: there are some hundred. What cannot be read or understood is
/// not trusted.
fn system() -> &'static RootCertStore {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "authorities of the system cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
        roots
    })
}

/// Every certificate in a PEM file; at least one.
///
/// # Errors
/// A sentence with the file's name.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = file.display();
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("`{shown}` holds no certificates: {error}"))?;
    if certificates.is_empty() {
        return Err(format!("`{shown}` holds no certificates"));
    }
    Ok(certificates)
}
