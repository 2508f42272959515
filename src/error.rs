//! What a caller can be told: the codes, their statuses, and the problem that carries them.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// Every code of an answer that is not a success. The status of each is decided here and nowhere else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All codes, in the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The code as it stands in an answer and in a metric label.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What the code means, whatever the request.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON, holds a member twice or is nested too deeply.
    InvalidJson = BAD_REQUEST, "invalid-json", "The body is not acceptable JSON";
    /// A query parameter is unknown, repeated or out of range.
    InvalidQuery = BAD_REQUEST, "invalid-query", "The query is not acceptable";
    /// A path segment cannot be what it stands for.
    InvalidPath = BAD_REQUEST, "invalid-path", "The path is not acceptable";
    /// A header is malformed or not possible here.
    InvalidHeader = BAD_REQUEST, "invalid-header", "A header is not acceptable";
    /// The message cannot be told from the next one, or from where it was sent to.
    InvalidFraming = BAD_REQUEST, "invalid-framing", "The request is not well-formed HTTP";
    /// No key, or not one of ours.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "A valid key is required";
    /// The key lacks a scope, the operator forbids it, or the page may not.
    Forbidden = FORBIDDEN, "forbidden", "This is not allowed";
    /// There is no such path.
    NotFound = NOT_FOUND, "not-found", "There is no such resource";
    /// There is no such route, or not for this client.
    RouteNotFound = NOT_FOUND, "route-not-found", "There is no such route";
    /// The vendor does not know the conversation.
    ConversationNotFound = NOT_FOUND, "conversation-not-found", "The vendor does not know the conversation";
    /// The catalogue does not have the tag.
    TagNotFound = NOT_FOUND, "tag-not-found", "The catalogue does not have the tag";
    /// The path is there, the method is not.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The resource does not offer this method";
    /// Only JSON is offered.
    NotAcceptable = NOT_ACCEPTABLE, "not-acceptable", "Only JSON is offered";
    /// The body took too long.
    RequestTimeout = REQUEST_TIMEOUT, "request-timeout", "The request took too long to arrive";
    /// The catalogue has a tag of this text.
    TagExists = CONFLICT, "tag-exists", "The catalogue has this tag already";
    /// The vendor has several tags of this text.
    AmbiguousTag = CONFLICT, "ambiguous-tag", "Several tags have this text";
    /// A value that is not a tag stands under the name.
    ForeignValue = CONFLICT, "foreign-value", "A value that is not a tag stands under this name";
    /// Another writer undoes the change.
    ForeignWrite = CONFLICT, "foreign-write", "Another writer undoes the change";
    /// The key's first request is still waited for.
    IdempotencyInProgress = CONFLICT, "idempotency-in-progress", "A request with this key is under way";
    /// The set is not the one the caller saw.
    PreconditionFailed = PRECONDITION_FAILED, "precondition-failed", "The tags are not what If-Match says";
    /// The body is over the limit.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    /// The request target is over the limit.
    TargetTooLong = URI_TOO_LONG, "target-too-long", "The request target is too long";
    /// The body is not plain JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has to be JSON in UTF-8";
    /// Only 100-continue is understood.
    ExpectationFailed = EXPECTATION_FAILED, "expectation-failed", "The expectation cannot be met";
    /// The request is for another host.
    MisdirectedRequest = MISDIRECTED_REQUEST, "misdirected-request", "The request is for another host";
    /// The body breaks the schema.
    InvalidRequest = UNPROCESSABLE_ENTITY, "invalid-request", "The request breaks the schema";
    /// The catalogue does not know a tag.
    UnknownTag = UNPROCESSABLE_ENTITY, "unknown-tag", "The catalogue does not know the tag";
    /// The vendor has no place for it.
    UnsupportedByVendor = UNPROCESSABLE_ENTITY, "unsupported-by-vendor", "The vendor cannot hold this";
    /// The key was used for another request.
    IdempotencyMismatch = UNPROCESSABLE_ENTITY, "idempotency-mismatch", "The key was used for another request";
    /// The vendor refused a valid call.
    VendorRejected = UNPROCESSABLE_ENTITY, "vendor-rejected", "The vendor refused the call";
    /// The client asks too often.
    RateLimited = TOO_MANY_REQUESTS, "rate-limited", "This client sends too many requests";
    /// The vendor's quota is used up.
    VendorRateLimited = TOO_MANY_REQUESTS, "vendor-rate-limited", "The vendor's rate limit is reached";
    /// The head is over the limit.
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "The request's head is too large";
    /// A fault of the gateway.
    Internal = INTERNAL_SERVER_ERROR, "internal", "The gateway failed";
    /// The vendor refuses the gateway's key.
    VendorUnauthorized = BAD_GATEWAY, "vendor-unauthorized", "The vendor refuses the gateway's credentials";
    /// The vendor's answer is not understood.
    VendorInvalidResponse = BAD_GATEWAY, "vendor-invalid-response", "The vendor's answer is not understood";
    /// Some of the change is done and some is not.
    PartiallyApplied = BAD_GATEWAY, "partially-applied", "Only a part of the change is known to be done";
    /// Too much work at once.
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "The gateway is at its limit";
    /// The vendor cannot be reached or fails.
    VendorUnavailable = SERVICE_UNAVAILABLE, "vendor-unavailable", "The vendor is not available";
    /// An earlier write may still land.
    ConversationSettling = SERVICE_UNAVAILABLE, "conversation-settling", "An earlier write may still take effect";
    /// Keyed requests cannot be remembered.
    StoreUnavailable = SERVICE_UNAVAILABLE, "store-unavailable", "The gateway's store is not available";
    /// The gateway is stopping.
    ShuttingDown = SERVICE_UNAVAILABLE, "shutting-down", "The gateway is stopping";
    /// The vendor did not answer in time.
    VendorTimeout = GATEWAY_TIMEOUT, "vendor-timeout", "The vendor did not answer in time";
    /// Time ran out before a write was sent.
    Deadline = GATEWAY_TIMEOUT, "deadline", "The deadline passed";
}

/// What became of a change that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// It took effect.
    #[serde(rename = "applied")]
    Applied,
    /// Nothing of it took effect, and nothing will.
    #[serde(rename = "not applied")]
    NotApplied,
    /// It may or may not have taken effect.
    #[serde(rename = "unknown")]
    Unknown,
}

/// What is wrong at one place of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// JSON pointer into the body; for a part of the path or the query, its name.
    pub pointer: String,
    /// A sentence about it.
    pub detail: String,
}

/// What a vendor said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VendorSaid {
    /// The vendor's name.
    pub name: &'static str,
    /// Its status.
    pub status: u16,
    /// Its code.
    pub code: Option<String>,
    /// Its words: at most 200 characters, without control characters, never for a refused key.
    pub message: Option<String>,
    /// Its id of the request.
    pub request_id: Option<String>,
}

/// What a caller is told when the answer is not a success.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: String,
    flaws: Vec<Flaw>,
    vendor: Option<VendorSaid>,
    outcome: Option<Outcome>,
    settles_at: Option<String>,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    members: Map<String, Value>,
    close: bool,
    replayed: bool,
}

impl Error {
    /// A problem with a sentence about this request.
    #[cold]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::with_detail(code, detail.into())
    }

    // All that leads to a problem is kept apart from what a sound request passes through.
    #[cold]
    #[inline(never)]
    fn with_detail(code: Code, detail: String) -> Self {
        Self(Box::new(Inner {
            code,
            detail,
            flaws: Vec::new(),
            vendor: None,
            outcome: None,
            settles_at: None,
            retry_after: None,
            allow: None,
            members: Map::new(),
            close: false,
            replayed: false,
        }))
    }

    /// Says what is wrong where.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.flaws.push(Flaw {
            pointer: pointer.into(),
            detail: detail.into(),
        });
        self
    }

    /// Says that everything that is wrong is wrong at one place.
    #[must_use]
    pub fn all_at(mut self, pointer: &str) -> Self {
        for flaw in &mut self.0.flaws {
            pointer.clone_into(&mut flaw.pointer);
        }
        self
    }

    /// Says what became of the change.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = Some(outcome);
        self
    }

    /// Says until when an unknown outcome may still change; RFC 3339.
    #[must_use]
    pub fn settles_at(mut self, at: String) -> Self {
        self.0.settles_at = Some(at);
        self
    }

    /// Says what the vendor said.
    #[must_use]
    pub fn vendor(mut self, said: VendorSaid) -> Self {
        self.0.vendor = Some(said);
        self
    }

    /// Says how long to wait; sent as whole seconds, rounded up.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Says which methods the resource offers.
    #[must_use]
    pub fn allow(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Adds a member of its own to the problem.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.0.members.insert(name.to_owned(), value);
        self
    }

    /// Says that the connection cannot be used any more.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.0.close = true;
        self
    }

    /// Says that an earlier request with the same key was answered so.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.0.replayed = true;
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What became of the change, if that was said.
    pub fn known_outcome(&self) -> Option<Outcome> {
        self.0.outcome
    }

    /// How long to wait, if that was said.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The methods that the resource offers, if that was said.
    pub fn allowed(&self) -> Option<&'static str> {
        self.0.allow
    }

    /// The problem's members of its own.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0.members
    }

    /// Whether an earlier request with the same key was answered so.
    pub fn is_replayed(&self) -> bool {
        self.0.replayed
    }

    /// Whether the connection ends with this answer.
    pub fn closes(&self) -> bool {
        self.0.close
    }

    /// The problem (RFC 9457) as JSON.
    pub fn body(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
            code: &'a str,
            request_id: &'a str,
            #[serde(skip_serializing_if = "<[Flaw]>::is_empty")]
            errors: &'a [Flaw],
            #[serde(skip_serializing_if = "Option::is_none")]
            vendor: Option<&'a VendorSaid>,
            #[serde(skip_serializing_if = "Option::is_none")]
            outcome: Option<Outcome>,
            #[serde(skip_serializing_if = "Option::is_none")]
            settles_at: Option<&'a str>,
            #[serde(flatten)]
            members: &'a Map<String, Value>,
        }
        let inner = &*self.0;
        let problem = Problem {
            r#type: format!("/problems/{}", inner.code.as_str()),
            title: inner.code.title(),
            status: inner.code.status().as_u16(),
            detail: &inner.detail,
            code: inner.code.as_str(),
            request_id,
            errors: &inner.flaws,
            vendor: inner.vendor.as_ref(),
            outcome: inner.outcome,
            settles_at: inner.settles_at.as_deref(),
            members: &inner.members,
        };
        serde_json::to_vec(&problem).unwrap_or_default()
    }
}
