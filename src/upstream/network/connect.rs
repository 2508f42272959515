//! From a host to a connection: its addresses, the first of them that answers, TLS.

use super::{
    super::{
        address::{is_public, literal},
        transport::TransportError,
    },
    link::{Link, told},
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::uri::Authority;
use rustls::{ClientConfig, pki_types::ServerName};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

/// How long connecting may take, TLS included.
const TIME: Duration = Duration::from_secs(3);

/// How long one address has before the next is tried besides (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Where connections lead.
pub(super) struct Destination {
    /// A name, or an address without brackets.
    host: String,
    port: u16,
    /// Whether the address may be one that is not on the public internet.
    any_address: bool,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Destination {
    /// Nothing for a host that no certificate can name.
    pub(super) fn new(
        authority: &Authority,
        any_address: bool,
        tls: Option<Arc<ClientConfig>>,
    ) -> Option<Self> {
        let host = authority.host();
        let host = literal(host).map_or_else(|| host.to_owned(), |address| address.to_string());
        let port = match &tls {
            Some(_) => 443,
            None => 80,
        };
        let named = |config| {
            let name = ServerName::try_from(host.clone()).ok()?;
            Some((TlsConnector::from(config), name))
        };
        Some(Self {
            port: authority.port_u16().unwrap_or(port),
            any_address,
            tls: match tls {
                Some(config) => Some(named(config)?),
                None => None,
            },
            host,
        })
    }

    /// A new connection.
    ///
    /// # Errors
    /// Always [`TransportError::NotSent`].
    pub(super) async fn connect(&self) -> Result<Link, TransportError> {
        let link = timeout(TIME, self.link()).await;
        link.unwrap_or_else(|_| Err("connecting took too long".to_owned()))
            .map_err(TransportError::NotSent)
    }

    async fn link(&self) -> Result<Link, String> {
        let addresses = self.addresses().await.map_err(|error| told(&error))?;
        let stream = first(addresses).await.map_err(|error| told(&error))?;
        // A call is written at once; waiting for more of it would only delay it.
        stream.set_nodelay(true).map_err(|error| told(&error))?;
        match &self.tls {
            None => Link::new(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                Link::new(stream.map_err(|error| told(&error))?).await
            }
        }
    }

    /// The system's resolver also reads addresses in other spellings, so what it answers is judged, whatever was asked.
    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<_> = lookup_host((self.host.as_str(), self.port))
            .await?
            .collect();
        let is_inner = |found: &SocketAddr| !is_public(found.ip());
        if !self.any_address && found.iter().any(is_inner) {
            return Err(io::Error::other("the address is not public"));
        }
        Ok(found)
    }
}

/// A stream to the first address that takes one, each tried a little later than the one before it.
async fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut tried = FuturesUnordered::new();
    let mut failure = io::Error::other("the name has no address");
    loop {
        match waiting.next() {
            Some(address) => tried.push(TcpStream::connect(address)),
            None if tried.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            Some(stream) = tried.next() => match stream {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}
