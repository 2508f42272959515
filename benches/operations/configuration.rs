//! The configuration in force, and another in its place.

use super::Step;
use std::{collections::BTreeMap, hint::black_box, sync::Arc};
use tagway::{
    config::{self, Config, Secrets},
    gateway::{Gateway, vendor_keys},
    reload::Live,
    sequencer::Lanes,
};

fn configuration() -> Config {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
                [routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"mock\"\n\
                [routes.team]\nvendor = \"awardee\"\nbase_url = \"mock\"\n\
                [routes.sales]\nvendor = \"attention\"\nbase_url = \"mock\"\n";
    let (none, vendors) = (BTreeMap::new(), vendor_keys());
    let loaded = config::load(text, "bench.toml", &none, &vendors, Secrets::Check);
    loaded.expect("a configuration").config
}

fn gateway() -> Gateway {
    Gateway::build(configuration(), Arc::new(Lanes::new()), None, 1).expect("a gateway")
}

pub(super) fn look_up() -> Step {
    let live = Live::new(gateway(), String::new());
    Box::new(move || {
        let gateway = live.gateway();
        assert!(gateway.route(black_box("desk")).is_some());
    })
}

/// What a start is, but for the store and the sockets.
pub(super) fn build() -> Step {
    Box::new(|| {
        black_box(gateway());
    })
}

/// Reads and checks the text, and builds what serves requests from then on.
pub(super) fn swap() -> Step {
    let gateway = gateway();
    Box::new(move || {
        let next = gateway.successor(configuration(), 1).expect("a gateway");
        next.take_over();
        black_box(next);
    })
}
