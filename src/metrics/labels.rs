//! The labels, in the order in which they are written.

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use std::{fmt, sync::Arc};

/// What stands for a route where a request has none.
const NONE: &str = "-";

/// Of a request that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RequestLabels {
    /// The route, where the client may use one of that name.
    pub(super) route: Option<Arc<str>>,
    /// The operation's id in the API's document.
    pub(super) operation: &'static str,
    /// The status's first digit, as in `2xx`.
    pub(super) status: &'static str,
    /// The problem's code.
    pub(super) code: &'static str,
}

/// Of the time that a request took.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OperationLabels {
    /// See [`RequestLabels::route`].
    pub(super) route: Option<Arc<str>>,
    /// See [`RequestLabels::operation`].
    pub(super) operation: &'static str,
}

/// Of a call to a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallLabels {
    /// The account's key, which holds no secret.
    pub(super) account: Arc<str>,
    /// The operation's id in the vendor's document.
    pub(super) operation: &'static str,
    /// What became of it.
    pub(super) outcome: &'static str,
}

/// The class of a status.
pub(super) fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

impl EncodeLabelSet for RequestLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        let route = self.route.as_deref().unwrap_or(NONE);
        [
            ("route", route),
            ("operation", self.operation),
            ("status", self.status),
            ("code", self.code),
        ]
        .encode(encoder)
    }
}

impl EncodeLabelSet for OperationLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        let route = self.route.as_deref().unwrap_or(NONE);
        [("route", route), ("operation", self.operation)].encode(encoder)
    }
}

impl EncodeLabelSet for CallLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        [
            ("account", &*self.account),
            ("operation", self.operation),
            ("outcome", self.outcome),
        ]
        .encode(encoder)
    }
}
