//! Requests, from end to end on the embedded twins: a line `METHOD TARGET`, lines of headers, an empty line, a body.
//! Every answer is one that the API's document allows, and every call at a vendor one that the vendor's allows.

use super::{
    configuration,
    vendors::{adapter, headers},
};
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use tagway::{
    api::{self, Notes},
    config::{self, Secrets},
    error::Code,
    gateway::Gateway,
    schema::Found,
    sequencer::Lanes,
};
use tokio::runtime::{Builder, Runtime};

const CONFIGURATION: &str = "
[routes.elevenlabs]
vendor = \"elevenlabs\"
base_url = \"mock\"
[routes.awardee]
vendor = \"awardee\"
base_url = \"mock\"
rate = \"off\"
create_missing = true
[routes.attention]
vendor = \"attention\"
base_url = \"mock\"
on_loss = \"report\"
";

struct World {
    runtime: Runtime,
    gateway: Gateway,
}

impl World {
    fn new() -> Self {
        let environment = BTreeMap::new();
        let vendors = configuration::vendors();
        let loaded = config::load(
            CONFIGURATION,
            "f.toml",
            &environment,
            &vendors,
            Secrets::Check,
        );
        let config = loaded.expect("a sound configuration").config;
        // On this clock no pause lasts.
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime");
        let inside = runtime.enter();
        let gateway = Gateway::build(config, Arc::new(Lanes::new()), None, 7).expect("a gateway");
        drop(inside);
        Self { runtime, gateway }
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

pub(super) fn run(data: &[u8]) {
    if let Some(request) = request(data) {
        WORLD.with_borrow(|world| world.ask(request));
    }
}

/// The request that is written there, if it is one that the layer below would let through.
fn request(data: &[u8]) -> Option<Request<Full<Bytes>>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = data.split_at(end.map_or(data.len(), |end| end + 1));
    let body = body.strip_prefix(b"\n").unwrap_or_default();
    let mut lines = head.splitn(2, |byte| *byte == b'\n');
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = line.split_once(' ')?;
    let target: Uri = target.parse().ok()?;
    let mut request = Request::builder().method(method).uri(target);
    *request.headers_mut()? = headers(lines.next().unwrap_or_default());
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}

impl World {
    fn ask(&self, request: Request<Full<Bytes>>) {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let place = format!("{method} {}", request.uri());
        let answer = self.runtime.block_on(async {
            let mut notes = Notes::new();
            api::handle(
                &self.gateway,
                &api::Turnstile::default(),
                Box::new(request),
                &mut notes,
            )
            .await
        });
        let (status, body) = match answer {
            Ok(reply) => (reply.status, reply.body.unwrap_or_default().to_vec()),
            Err(error) => {
                assert_ne!(error.code(), Code::Internal, "{place}: {}", error.detail());
                (error.code().status(), error.body("r"))
            }
        };
        if let Found::Operation(operation, _) = self.gateway.document.find(&method, &path) {
            assert!(operation.lists(status.as_u16()), "{place}: {status}");
            if let (Some(check), Ok(body)) = (
                operation.response(status.as_u16()),
                serde_json::from_slice::<Value>(&body),
            ) {
                assert_eq!(check.violations(&body), [], "{place}: {body}");
            }
        }
        for route in self.gateway.routes() {
            self.calls(&place, &route.name);
        }
    }

    /// Looks at what a twin received, and puts it back to its beginning.
    fn calls(&self, place: &str, route: &str) {
        let account = &self.gateway.route(route).expect("a route").account;
        let twin = account.twin.as_ref().expect("a twin");
        let (_, document) = adapter(route);
        for call in twin.calls() {
            let path = call.path.split('?').next().unwrap_or_default();
            let below = path
                .strip_prefix(document.base_path())
                .expect("below the base path");
            let method = call.method.parse().expect("a method");
            let known = matches!(document.find(&method, below), Found::Operation(..));
            assert!(known, "{place}: {method} {path}");
            assert!(call.status < 500 && call.status != 422, "{place}: {call:?}");
        }
        twin.reset();
        account.forget_catalogue();
    }
}
