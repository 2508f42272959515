//! The vendors' twins, each on a socket of its own.

use serde_json::{Value, json};
use std::{future, net::SocketAddr, ops::Deref, sync::Arc};
use tagway::mock::{Options, Served, TWINS, serve};
use tokio::net::TcpListener;

/// A twin on a socket, with its log and its state at hand.
pub(crate) struct OnSocket {
    pub(crate) served: Arc<Served>,
    pub(crate) address: SocketAddr,
}

/// A twin that is not on a socket yet.
pub(crate) fn twin(vendor: &str, options: Options) -> Arc<Served> {
    let kind = TWINS.iter().find(|kind| kind.name == vendor).unwrap();
    Served::new(kind, options).expect("the vendor's document compiles")
}

/// A catalogue for the twin: names, and names with their values.
pub(crate) fn labels(vendor: &str, bare: &[&str], valued: &[(&str, &[&str])]) -> Vec<Value> {
    let mut tags: Vec<Value> = bare.iter().map(|name| json!(name)).collect();
    for (name, values) in valued {
        if vendor == "attention" {
            let options: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
            tags.push(json!({"name": name, "options": options}));
        } else {
            tags.extend(values.iter().map(|value| json!(format!("{name}={value}"))));
        }
    }
    tags
}

impl OnSocket {
    pub(crate) async fn new(vendor: &str, options: Options) -> Self {
        let served = twin(vendor, options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, served.clone(), future::pending()));
        Self { served, address }
    }
}

impl Deref for OnSocket {
    type Target = Arc<Served>;

    fn deref(&self) -> &Arc<Served> {
        &self.served
    }
}
