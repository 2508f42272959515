//! `tagway check`: every fault of the configuration, and nothing started.

use super::{FINE, USAGE, err, out, serve::load};
use crate::config::{Fault, Secrets};
use std::path::Path;

pub(super) fn run(file: &Path, no_secrets: bool) -> u8 {
    let secrets = if no_secrets {
        Secrets::Skip
    } else {
        Secrets::Check
    };
    match load(file, secrets) {
        Ok(loaded) => {
            loaded
                .warnings
                .iter()
                .for_each(|warning: &Fault| err(&warning.to_string()));
            let routes = loaded.config.routes.len();
            out(&format!(
                "{}: no faults, {routes} routes, {} warnings",
                file.display(),
                loaded.warnings.len()
            ));
            FINE
        }
        Err(faults) => {
            faults.iter().for_each(|fault| err(fault));
            USAGE
        }
    }
}
