//! One problem of each code, as the gateway would send it.

use crate::error::{Code, Error, Outcome, VendorSaid};
use adapters::VENDORS;
use serde_json::{Value, json};
use std::time::Duration;

/// Evaluated by the compiler, so the first vendor is there.
const VENDOR: &str = VENDORS[0].name;

const SETTLES_AT: &str = "2026-09-14T09:31:42Z";
const ETAG: &str = "\"9f2c41d87ab05e36c1d4f7a8b2e09635\"";

/// A problem of the code.
pub(super) fn of(code: Code) -> Error {
    let problem = |detail: &str| Error::new(code, detail);
    let refused = |detail: &str| problem(detail).outcome(Outcome::NotApplied);
    match code {
        Code::InvalidJson => problem("the body is cut short at line 1, column 19"),
        Code::InvalidQuery => {
            problem("the query is not acceptable").at("dry_run", "it is `true` or `false`")
        }
        Code::InvalidPath => problem("a part of the path cannot be decoded")
            .at("tag", "a `%` stands before two hexadecimal digits"),
        Code::InvalidHeader => problem("a header is not acceptable")
            .at("if-match", "an entity tag stands in double quotes"),
        Code::InvalidFraming => problem("the only transfer coding is `chunked`, once"),
        Code::Unauthenticated => problem("send a client key as `Authorization: Bearer …`"),
        Code::Forbidden => problem("the key lacks the scope `catalogue`"),
        Code::NotFound => problem("there is no such path"),
        Code::RouteNotFound => problem("there is no such route"),
        Code::ConversationNotFound => refused("the vendor answered that there is no such thing")
            .vendor(said(404, "not_found", "Conversation not found")),
        Code::TagNotFound => problem("the catalogue does not have the tag"),
        Code::MethodNotAllowed => problem("the methods here are GET, HEAD").allow("GET, HEAD"),
        Code::NotAcceptable => problem("only `application/json` is offered"),
        Code::RequestTimeout => problem("the body took too long to arrive"),
        Code::TagExists => {
            refused("the catalogue has a tag of this text").with("existing", existing())
        }
        Code::AmbiguousTag => refused("several tags have this text; name one of them by its id")
            .at("/add/0", "2 tags have this text")
            .with(
                "candidates",
                [tag("billing", "tag_4201"), tag("Billing", "tag_1801")],
            ),
        Code::ForeignValue => {
            refused("the conversation holds a value under this name that is not a tag")
                .at("/add/0", "`score` holds a value that is not a string")
        }
        Code::ForeignWrite => {
            problem("the change took effect, and another writer undid it each time")
                .outcome(Outcome::Applied)
                .with("tags", [tag("vip", "tag_9901")])
                .with("etag", ETAG)
        }
        Code::IdempotencyInProgress => {
            refused("a request with this key is still under way").retry_after(SOON)
        }
        Code::PreconditionFailed => refused("the tags are not what If-Match says")
            .with("tags", [tag("billing", "tag_4201"), tag("vip", "tag_9901")])
            .with("etag", ETAG),
        Code::BodyTooLarge => problem("a body has at most 65536 bytes"),
        Code::TargetTooLong => problem("a request target has at most 8192 bytes"),
        Code::UnsupportedMediaType => problem("the header Content-Type has to say `application/json`"),
        Code::ExpectationFailed => problem("only `100-continue` can be expected"),
        Code::MisdirectedRequest => problem("only a loopback Host is answered here"),
        Code::InvalidRequest => problem("the body breaks the schema of this operation")
            .at("/add/0/name", "is required")
            .at("/remove", "is an object where an array has to stand"),
        Code::UnknownTag => refused("the catalogue does not know every tag of the change")
            .at("/add/0", "no tag is called `biling`")
            .with("nearest", json!({ "biling": ["billing"] })),
        Code::UnsupportedByVendor => {
            refused("the vendor cannot hold this").at("/color", "tags have no colour there")
        }
        Code::IdempotencyMismatch => refused("this key was used for another request"),
        Code::VendorRejected => refused("the vendor refused the call").vendor(said(
            400,
            "invalid_parameters",
            "The conversation cannot be tagged yet",
        )),
        Code::RateLimited => problem("this client has 600/min requests")
            .retry_after(Duration::from_secs(1)),
        Code::VendorRateLimited => refused("the vendor takes no more calls for now")
            .vendor(said(429, "rate_limit_exceeded", "Too many requests"))
            .retry_after(Duration::from_secs(17)),
        Code::HeadTooLarge => problem("the request's head is too large"),
        Code::Internal => problem("the gateway failed on this request"),
        Code::VendorUnauthorized => refused(
            "the vendor refuses the key that the gateway is configured with, or the key lacks a permission",
        )
        .vendor(VendorSaid {
            code: Some("invalid_api_key".to_owned()),
            message: None,
            ..said(401, "", "")
        }),
        Code::VendorInvalidResponse => {
            refused("the vendor answered with a redirect, which is never followed")
        }
        Code::PartiallyApplied => problem("only a part of the change is known to be done")
            .with("applied", [part("add", "billing", "tag_4201")])
            .with("not_applied", [part("remove", "vip", "tag_9901")])
            .with("unknown", [(); 0])
            .with("tags", [tag("billing", "tag_4201"), tag("vip", "tag_9901")])
            .with("etag", ETAG),
        Code::Overloaded => problem("too many requests are under way").retry_after(SOON),
        Code::VendorUnavailable => {
            refused("the vendor cannot be reached").retry_after(Duration::from_secs(5))
        }
        Code::ConversationSettling => {
            refused("an earlier write to this conversation may still take effect")
                .retry_after(Duration::from_secs(24))
        }
        Code::StoreUnavailable => refused("the store cannot be written").retry_after(SOON),
        Code::ShuttingDown => problem("the gateway is stopping").retry_after(SOON),
        Code::VendorTimeout => problem("the vendor did not answer in time")
            .outcome(Outcome::Unknown)
            .settles_at(SETTLES_AT.to_owned()),
        Code::Deadline => refused("the deadline passed before a write was sent"),
    }
}

const SOON: Duration = Duration::from_secs(1);

fn said(status: u16, code: &str, message: &str) -> VendorSaid {
    VendorSaid {
        name: VENDOR,
        status,
        code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        request_id: Some("5d20e8b3f714".to_owned()),
    }
}

fn tag(text: &str, id: &str) -> Value {
    json!({ "tag": text, "name": text, "value": null, "id": id })
}

fn part(action: &str, text: &str, id: &str) -> Value {
    json!({ "action": action, "tag": text, "name": text, "value": null, "id": id })
}

fn existing() -> Value {
    json!({
        "tag": "billing",
        "name": "billing",
        "value": null,
        "id": "tag_4201",
        "description": "Questions about invoices",
        "color": null,
        "created_at": "2026-05-11T08:02:19Z",
    })
}
