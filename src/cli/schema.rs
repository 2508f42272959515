//! `tagway schema`: the JSON Schema of the configuration.

use super::{FINE, out};
use crate::{config::json_schema, gateway::vendor_keys};

pub(super) fn run() -> u8 {
    out(&format!("{:#}", json_schema(&vendor_keys())));
    FINE
}
