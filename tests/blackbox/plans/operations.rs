//! The operations on a conversation's tags, and what each comes to whatever the vendor.

use serde_json::{Value, json};

/// One change, from a set to a set.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// What the conversation carries before.
    pub(super) before: &'static [&'static str],
    pub(super) method: &'static str,
    /// Below the conversation's tags, with the query.
    pub(super) target: &'static str,
    pub(super) body: Option<Value>,
    pub(super) added: &'static [&'static str],
    pub(super) removed: &'static [&'static str],
    pub(super) after: &'static [&'static str],
}

/// Every operation there is, and what each has to come to on every vendor.
pub(super) fn operations() -> Vec<Operation> {
    let of = |name, before, method, target, body| Operation {
        name,
        before,
        method,
        target,
        body,
        added: &[],
        removed: &[],
        after: &[],
    };
    vec![
        Operation {
            added: &["deal_stage=won", "vip"],
            removed: &["billing", "deal_stage=negotiation"],
            after: &["deal_stage=won", "refund", "vip"],
            ..of(
                "replace",
                &["billing", "deal_stage=negotiation", "refund"],
                "PUT",
                "",
                Some(json!({"tags": ["vip", "deal_stage=won", "refund"]})),
            )
        },
        Operation {
            added: &["vip"],
            after: &["billing", "vip"],
            ..of(
                "add",
                &["billing"],
                "PATCH",
                "",
                Some(json!({"add": ["vip"]})),
            )
        },
        Operation {
            removed: &["billing"],
            after: &["vip"],
            ..of(
                "remove",
                &["billing", "vip"],
                "PATCH",
                "",
                Some(json!({"remove": [{"name": "Billing"}]})),
            )
        },
        Operation {
            added: &["refund", "vip"],
            removed: &["billing"],
            after: &["refund", "vip"],
            ..of(
                "add and remove",
                &["billing"],
                "PATCH",
                "",
                Some(json!({"add": ["vip", "refund"], "remove": ["billing"]})),
            )
        },
        Operation {
            added: &["vip"],
            after: &["billing", "vip"],
            ..of("add one", &["billing"], "PUT", "/VIP", None)
        },
        Operation {
            removed: &["billing"],
            after: &["vip"],
            ..of(
                "remove one",
                &["billing", "vip"],
                "DELETE",
                "/name:billing",
                None,
            )
        },
        Operation {
            removed: &["billing", "deal_stage=won", "vip"],
            ..of(
                "clear",
                &["billing", "deal_stage=won", "vip"],
                "DELETE",
                "",
                None,
            )
        },
        Operation {
            removed: &["deal_stage=won"],
            after: &["billing"],
            ..of(
                "remove any value",
                &["billing", "deal_stage=won"],
                "PATCH",
                "",
                Some(json!({"remove": [{"name": "deal_stage", "any_value": true}]})),
            )
        },
        Operation {
            added: &["deal_stage=lost", "fresh"],
            removed: &["deal_stage=won"],
            after: &["billing", "deal_stage=lost", "fresh"],
            ..of(
                "create what is missing",
                &["billing", "deal_stage=won"],
                "PATCH",
                "?create_missing=true",
                Some(json!({"add": ["fresh", "deal_stage=lost"]})),
            )
        },
        Operation {
            added: &["new one"],
            after: &["billing", "new one"],
            ..of(
                "create the one in the path",
                &["billing"],
                "PUT",
                "/new%20one?create_missing=true",
                None,
            )
        },
        Operation {
            added: &["deal_stage=won"],
            removed: &["deal_stage=negotiation"],
            after: &["billing", "deal_stage=won"],
            ..of(
                "push another value out",
                &["billing", "deal_stage=negotiation"],
                "PATCH",
                "",
                Some(json!({"add": ["deal_stage=won"]})),
            )
        },
        Operation {
            after: &["billing", "vip"],
            ..of(
                "replace with what is there",
                &["billing", "vip"],
                "PUT",
                "",
                Some(json!({"tags": ["VIP", "billing"]})),
            )
        },
    ]
}
