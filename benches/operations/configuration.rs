//! The configuration in force, and another in its place.

use super::Step;
use adapters::VENDORS;
use std::{collections::BTreeMap, hint::black_box, sync::Arc};
use tagway::{
    config::{self, Config, Secrets, VendorKeys},
    gateway::{self, Gateway},
    reload::Live,
    sequencer::Lanes,
};

fn configuration() -> Config {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
                [routes.desk]\nvendor = \"elevenlabs\"\nbase_url = \"mock\"\n\
                [routes.team]\nvendor = \"awardee\"\nbase_url = \"mock\"\n\
                [routes.sales]\nvendor = \"attention\"\nbase_url = \"mock\"\n";
    let vendors: Vec<VendorKeys> = VENDORS
        .iter()
        .map(|vendor| VendorKeys {
            name: vendor.name,
            hosts: vendor.hosts,
            base_url: vendor.base_url,
            rate: vendor.rate,
            settings: vendor.settings,
            document: gateway::check_document,
        })
        .collect();
    let loaded = config::load(
        text,
        "bench.toml",
        &BTreeMap::new(),
        &vendors,
        Secrets::Check,
    );
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
