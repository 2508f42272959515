//! The words of each page. What stands between backticks is shown as code.

use crate::error::Code;

/// What a page says in words.
pub(super) struct Text {
    /// What has happened when this comes.
    pub(super) meaning: &'static str,
    /// What the caller or the operator can do.
    pub(super) cure: &'static str,
}

/// The words about a code.
pub(super) const fn of(code: Code) -> Text {
    let (meaning, cure) = match code {
        Code::InvalidJson => (
            "The body cannot be read as JSON, or not in one way only: it is cut short, a member stands twice in one object, or it is nested more than 16 levels deep. Nothing was done.",
            "Send one complete JSON value in UTF-8 and let a JSON library write it. Look at `detail` for the place.",
        ),
        Code::InvalidQuery => (
            "A query parameter is not known here, stands twice or has a value that it cannot have. Unknown parameters are refused, so that a misspelt `dry_run` never turns into a real write.",
            "Correct the parameter that `errors` names. `/openapi.json` lists those of each operation. Booleans are `true` or `false`.",
        ),
        Code::InvalidPath => (
            "A part of the path cannot be what it stands for: its percent-encoding is broken, it is not UTF-8, or it is not an id that the vendor can have.",
            "Percent-encode each part of the path once, `/` and `%` included. If the text of a tag is `.` or `..` or starts with `id:` or `name:`, put `name:` in front of it.",
        ),
        Code::InvalidHeader => (
            "A request header is malformed, stands twice, or asks for something that this operation does not offer. A condition that cannot be judged is refused rather than ignored.",
            "Correct or leave out the header that `errors` names. Entity tags stand in double quotes; copy them as they came.",
        ),
        Code::InvalidFraming => (
            "The bytes on the connection are not a well-formed HTTP request, or it is not clear where the request ends or which host it is for. The connection is closed, because what follows could be misread.",
            "Use a common HTTP client and do not write `Host`, `Content-Length` or `Transfer-Encoding` by hand. If a proxy stands in between, look at what it sends on.",
        ),
        Code::Unauthenticated => (
            "The request carries no client key, more than one, or one that the gateway does not know. The answer is the same in each case.",
            "Send the key as `Authorization: Bearer` and the key. It is a key of this gateway, not of a vendor. An operator makes one with `tagway key` and enters its hash under `[[clients]]`.",
        ),
        Code::Forbidden => (
            "The gateway knows who asks, and does not allow it: the key lacks a scope, the operator has forbidden the operation on this route, or the request comes from a web page of another origin.",
            "Look at `detail` for the reason. An operator can give the client the scope (`read`, `tag` or `catalogue`) or change the route's `catalogue` setting. To repeat the request unchanged does not help.",
        ),
        Code::NotFound => (
            "The path is none of those that the gateway serves. Paths are compared exactly: capitals, a slash at the end and doubled slashes count.",
            "Compare the path with `/openapi.json`. An id or a tag in the path must be percent-encoded, or a slash in it makes another path.",
        ),
        Code::RouteNotFound => (
            "The gateway has no route of this name, or the key may not use it. The two are not told apart, so that names cannot be guessed.",
            "List the routes of the key with `GET /v1/routes`. An operator finds the names in `gateway.toml`, and those that a client may use in its `routes`.",
        ),
        Code::ConversationNotFound => (
            "The vendor says that it has no conversation of this id in the account that the route leads to. Nothing was changed.",
            "Check the id and the route: an id of one account means nothing in another. A conversation that has only just begun may not be there yet.",
        ),
        Code::TagNotFound => (
            "The tag in the path is not in the account's catalogue. A bare name does not stand for its values: where only `deal_stage=won` exists, there is no `deal_stage`.",
            "Look it up with `GET /v1/{route}/tags?q=` and a part of its text. To make sure that a tag exists, `PUT` it. If it was to be deleted, it is gone already.",
        ),
        Code::MethodNotAllowed => (
            "The path exists and does not offer this method. The header `Allow` lists those that it does.",
            "Use one of the methods in `Allow`. `/openapi.json` says what each of them does.",
        ),
        Code::NotAcceptable => (
            "The `Accept` header leaves out every form that the answer can have. Apart from pages such as this one, that is JSON.",
            "Send `Accept: application/json`, or leave the header out.",
        ),
        Code::RequestTimeout => (
            "The request began and did not arrive in full within the time that the gateway gives it. Nothing was done, and the connection is closed.",
            "Send it again on a new connection. If this comes often, look for a slow link or a proxy that holds bodies back.",
        ),
        Code::TagExists => (
            "A tag of this name and value is in the catalogue already. Capitals and surrounding spaces do not make another tag. Nothing was created; `existing` is the tag that is there, where it could be read.",
            "Use the existing tag. If it only matters that the tag exists, `PUT` it at its own path: that creates it or leaves it, and never conflicts.",
        ),
        Code::AmbiguousTag => (
            "The vendor has several tags that read the same, and the request does not say which one is meant. Nothing was changed. They stand in `candidates`.",
            "Name one of the candidates by its id: `{\"id\": \"…\"}` in a body, `id:…` in a path. To be rid of the trouble, rename or delete the duplicates.",
        ),
        Code::ForeignValue => (
            "Under the name of this tag the conversation holds a value that is no tag, such as a number or a list. To add the tag would destroy it, so nothing was changed.",
            "Use another name, or take the value away in the vendor's product. The gateway never overwrites it.",
        ),
        Code::ForeignWrite => (
            "The change took effect, and another writer undid it at the vendor; so it went each time that the gateway made it again. `tags` is the set as it was read last.",
            "Look at the set in `tags` and send the change again if it is still wanted. An operator can find the other writer, or choose what is done about it with the account's `foreign_writers`.",
        ),
        Code::IdempotencyInProgress => (
            "An earlier request with the same `Idempotency-Key` is still under way, and its caller still waits for it. This request was not begun.",
            "Wait a little and send it again with the same key and body: it then gets the answer of the earlier one. Do not send one key on two connections at a time.",
        ),
        Code::PreconditionFailed => (
            "When the turn of this change came, the conversation carried another set of tags than the one that `If-Match` names. Nothing was changed. `tags` is the set as it is, and `etag` its entity tag.",
            "Decide again on the set in `tags`, and send the change with the new `etag`. A change by `PATCH` that does not depend on the rest of the set needs no `If-Match`.",
        ),
        Code::BodyTooLarge => (
            "The body is larger than the operator allows. It was not read to its end, and the connection is closed.",
            "Send fewer tags in one request. An operator can raise `max_body_bytes`.",
        ),
        Code::TargetTooLong => (
            "Path and query together are longer than the gateway takes.",
            "Name a tag with a long text by its id, as `id:…`, or put it in a body instead of the path.",
        ),
        Code::UnsupportedMediaType => (
            "The body is not declared as plain JSON in UTF-8: another media type, another character set, or a compressed body.",
            "Send `Content-Type: application/json` and no `Content-Encoding`.",
        ),
        Code::ExpectationFailed => (
            "The `Expect` header asks for something else than `100-continue`, the only expectation there is.",
            "Leave the header out. Some clients add one by themselves to large bodies.",
        ),
        Code::MisdirectedRequest => (
            "The request names a host that this listener does not answer for. A listener on the loopback interface answers only a loopback host, so that no web page can reach it under a name of its own.",
            "Use `127.0.0.1` or `localhost` in the address. To serve other machines, an operator configures a public listener and clients with keys.",
        ),
        Code::InvalidRequest => (
            "The body is JSON, and not what the operation takes; or it asks for something that cannot be, such as one tag in both lists or two values of one name. Nothing was done.",
            "Correct every place that `errors` lists: each `pointer` leads into the body. The schemas are in `/openapi.json`.",
        ),
        Code::UnknownTag => (
            "The request names a tag that is not in the account's catalogue, and it was not to be created. Nothing was changed. For each such tag `nearest` has the known ones that look most like it.",
            "Correct the spelling, or create the tag first. With `create_missing=true` it is created on the way; that needs a key with the scope `catalogue`.",
        ),
        Code::UnsupportedByVendor => (
            "The request is valid, but the vendor behind this route has no place for it or no such operation: a colour where tags have none, or a rename where names are fixed. Nothing was changed.",
            "`GET /v1/routes/{route}` says what the route can hold and do. Leave the part out that `errors` names, or let an operator set `on_loss = \"report\"`: then what cannot be held is dropped and named in `lost`.",
        ),
        Code::IdempotencyMismatch => (
            "The `Idempotency-Key` was used within the last 24 hours for a request with another body, query or `If-Match`. Nothing was done.",
            "Make a new key for each new change, and repeat a change exactly as it was sent first.",
        ),
        Code::VendorRejected => (
            "The gateway sent a call that the vendor's own description allows, and the vendor refused it. Its words are in `vendor`, and `outcome` says what became of the change.",
            "Read the vendor's message: often something changed on its side a moment ago, or the account has a rule of its own. Without such a cause, report it to the operator with the `request_id`.",
        ),
        Code::RateLimited => (
            "This client sends more than the operator allows it: too often, too much at once, or, from one address, too often without a valid key. The request was turned away before anything was done.",
            "Wait for the seconds in `Retry-After`; whoever does is served. `RateLimit` on each answer says what is left of each window. An operator can raise the client's `rate`, or `max_in_flight_per_client`.",
        ),
        Code::VendorRateLimited => (
            "The account's quota at the vendor is used up, or would be by this request. All clients of the account share it. Nothing of the change was done unless `outcome` says otherwise.",
            "Wait for the seconds in `Retry-After`, then send the request again. Changes to one conversation cost less in one request than in many.",
        ),
        Code::HeadTooLarge => (
            "The request's header section has too many fields or too many bytes.",
            "Send fewer and shorter headers. Cookies and tracing baggage that a proxy or a browser adds are the usual cause.",
        ),
        Code::Internal => (
            "The gateway made a mistake. It was logged under the request's id. `outcome`, where it stands, says what became of the change.",
            "Report it to the operator with the `request_id`. If `outcome` is `unknown` or missing after a write, read the tags before the change is sent again.",
        ),
        Code::VendorUnauthorized => (
            "The vendor refuses the key that the operator gave the gateway, or that key lacks a permission. The caller's own key is fine.",
            "Only the operator can help: check the route's `secret`, its permissions and whether it belongs to the host in `base_url`. To repeat the request does not help before that.",
        ),
        Code::VendorInvalidResponse => (
            "The vendor's answer cannot be understood or breaks the vendor's own description, so the gateway does not act on it. If it was the answer to a write, `outcome` says what is known of it.",
            "Try again later: a maintenance page in place of an answer is the usual cause. If it stays, the vendor has changed its API; report it to the operator.",
        ),
        Code::PartiallyApplied => (
            "The change took several calls, and not all of them are known to have worked. `applied`, `not_applied` and `unknown` list the parts; `tags` is the set as it was read afterwards, where that was possible.",
            "Send the same change again, after `settles_at` if it is given: what is true already is not done twice. A change that was meant to follow this one should wait until it is complete.",
        ),
        Code::Overloaded => (
            "The gateway has as much work as the operator allows, in all or for this conversation. The request was turned away before anything was done.",
            "Wait for the seconds in `Retry-After` and try again, with fewer requests at a time. An operator can raise `max_in_flight`.",
        ),
        Code::VendorUnavailable => (
            "The vendor cannot be reached, broke the connection or answered that it fails. If that happened to a write, `outcome` says whether it may have taken effect.",
            "Try again after `Retry-After`. If `outcome` is `unknown`, wait until `settles_at` and read the tags before you build on them; the same change may be sent again without harm.",
        ),
        Code::ConversationSettling => (
            "An earlier write got no clear answer and may still take effect at the vendor. A write now could be undone by it, or undo it, so the gateway waits. This request was not applied.",
            "Send it again after `Retry-After`. The gateway then reads the set anew and works from that. How long it waits is the account's `settle_ms`.",
        ),
        Code::StoreUnavailable => (
            "The store in which the gateway remembers idempotency keys cannot be read or written, so a repeat could not be told from a new request. Nothing was sent to the vendor.",
            "Try again after `Retry-After` with the same key. Only the operator can mend it: look at the file that `store` names, its permissions and the free space.",
        ),
        Code::ShuttingDown => (
            "The gateway is about to stop and takes no new requests. This one was not begun.",
            "Send it again after `Retry-After`; another instance, or the next one, will take it.",
        ),
        Code::VendorTimeout => (
            "A call was sent to the vendor and no answer came in the time that the request had. A write that was sent is not taken back: with `outcome` `unknown` it may take effect until `settles_at`.",
            "Wait until `settles_at`, then read the tags or send the same change again. A longer `Tagway-Deadline-Ms`, up to the operator's `deadline_ms`, leaves more room.",
        ),
        Code::Deadline => (
            "The request's time ran out before the vendor was asked for the change: it waited for other changes, for quota, or for a free connection. Nothing was applied.",
            "Try again, with more time in `Tagway-Deadline-Ms` if it was short. If it happens under light load, the vendor is slow or the quota is nearly used up.",
        ),
    };
    Text { meaning, cure }
}
