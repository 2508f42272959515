//! `tagway schema`: the JSON Schema of the configuration.

use super::{FINE, out, source::vendors};
use crate::config::json_schema;

pub(super) fn run() -> u8 {
    out(&format!("{:#}", json_schema(&vendors())));
    FINE
}
