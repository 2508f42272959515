//! Configurations of gateways under test.

use std::{collections::BTreeMap, net::SocketAddr};

use adapters::VENDORS;
use tagway::{
    config::{self, Config, Secrets},
    gateway::vendor_keys,
};

/// The one secret that there is, by its variable.
pub(crate) const SECRET: (&str, &str) = ("VENDOR_KEY", "vendor-secret");

/// A route to a vendor on a socket, without rates; `more` is further keys, each on its line.
pub(crate) fn route(name: &str, vendor: &str, address: SocketAddr, more: &str) -> String {
    let known = VENDORS.iter().find(|known| known.name == vendor);
    let published = known.map_or("", |known| known.base_url);
    let below = published.strip_prefix("https://").unwrap_or_default();
    let path = below.find('/').map_or("", |at| &below[at..]);
    format!(
        "[routes.{name}]\nvendor = \"{vendor}\"\nrate = \"off\"\nbase_url = \"http://{address}{path}\"\n\
         allow_any_host = true\nsecret = \"env:{}\"\n{more}\n",
        SECRET.0
    )
}

/// The configuration in a text.
pub(crate) fn load(text: &str) -> Config {
    let variables = BTreeMap::from([(SECRET.0.to_owned(), SECRET.1.to_owned())]);
    let vendors = vendor_keys();
    match config::load(text, "faults.toml", &variables, &vendors, Secrets::Check) {
        Ok(loaded) => loaded.config,
        Err(faults) => panic!("{faults:#?}\n{text}"),
    }
}
