//! What the tests of all twins share: calling one, and holding every answer against its vendor's document.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;

use super::{Options, Served, TWINS, Twin, target};
use crate::schema::Document;

/// A twin, and the document that its answers are held against.
pub(super) struct Bench {
    pub(super) twin: Box<dyn Twin>,
    document: Arc<Document>,
    key: (&'static str, &'static str),
    /// What the next call is told about the time, in milliseconds since 1970.
    pub(super) now: u64,
}

/// An answer, with its body parsed.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

/// The vendor's document, compiled once for all tests.
pub(super) fn document(vendor: &str) -> Arc<Document> {
    static COMPILED: Mutex<BTreeMap<String, Arc<Document>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || {
        let kind = TWINS.iter().find(|kind| kind.name == vendor).unwrap();
        Arc::new(Document::compile(kind.name, kind.document, &|_| None).unwrap())
    };
    Arc::clone(compiled.entry(vendor.to_owned()).or_insert_with(compile))
}

pub(super) fn served(vendor: &str, options: Options) -> Arc<Served> {
    let kind = TWINS.iter().find(|kind| kind.name == vendor).unwrap();
    Served::with_document(kind, &options, document(vendor))
}

impl Bench {
    pub(super) fn new(vendor: &str, options: &Options) -> Self {
        let kind = TWINS.iter().find(|kind| kind.name == vendor).unwrap();
        let document = document(vendor);
        Self {
            twin: (kind.build)(options, Arc::clone(&document)),
            document,
            key: if vendor == "elevenlabs" {
                ("xi-api-key", "k")
            } else {
                ("authorization", "Bearer k")
            },
            now: 1_800_000_000_000,
        }
    }

    /// One call with a key. `body` is sent as it stands; empty is none.
    pub(super) fn call(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.call_with(method, path, body, &[])
    }

    pub(super) fn call_with(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let headers: Vec<_> = std::iter::once(self.key)
            .chain(headers.iter().copied())
            .collect();
        self.bare(method, path, body, &headers)
    }

    /// One call with these headers only. Every answer in JSON must satisfy the document.
    pub(super) fn bare(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let answer = self.twin.answer(&request, self.now);
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let raw = serde_json::from_str(&text).ok();
        let body = raw.map_or(Value::Null, |raw: &serde_json::value::RawValue| {
            target::value_of(raw).unwrap()
        });
        self.hold(&request, answer.status().as_u16(), &text, &body);
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text,
            body,
        }
    }

    /// The ids of the conversation, or the names on its map, sorted.
    pub(super) fn carried(&self, id: &str) -> Vec<String> {
        match self.twin.conversation(id) {
            Some(Value::Array(ids)) => ids
                .iter()
                .map(|id| id.as_str().unwrap().to_owned())
                .collect(),
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            other => panic!("{id} holds {other:?}"),
        }
    }

    /// Every operation of the document, asked for without a body: as method and path with its parameters filled in.
    pub(super) fn operations(&self) -> Vec<(String, String)> {
        let filled = |template: &str| {
            let steps = template
                .split('/')
                .map(|step| if step.starts_with('{') { ID } else { step });
            steps.collect::<Vec<_>>().join("/")
        };
        let all = self.document.operations();
        all.map(|one| {
            (
                one.method().to_string(),
                format!("{}{}", self.document.base_path(), filled(one.template())),
            )
        })
        .collect()
    }

    fn hold(&self, request: &Request<Bytes>, status: u16, text: &str, body: &Value) {
        let target::Route::Operation(operation, _) = target::route(&self.document, request) else {
            assert!(
                (400..500).contains(&status),
                "{status} outside of the document"
            );
            return;
        };
        let place = format!("{} {} {status}", request.method(), request.uri());
        if (200..300).contains(&status) {
            assert!(operation.lists(status), "{place} is not described");
        }
        match operation.response(status) {
            Some(check) => assert_eq!(check.violations(body), [], "{place}: {text}"),
            None => assert_eq!(text, "", "{place}"),
        }
    }
}

impl Answer {
    /// A text at a JSON pointer.
    pub(super) fn str(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.text))
    }

    /// One member of each item of the array at a JSON pointer.
    pub(super) fn each(&self, pointer: &str, member: &str) -> Vec<&str> {
        let items = self.body.pointer(pointer).and_then(Value::as_array);
        let items = items.unwrap_or_else(|| panic!("no array at {pointer} in {}", self.text));
        items
            .iter()
            .map(|item| item[member].as_str().unwrap())
            .collect()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Fails the test if the status is another one.
    pub(super) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A UUID that no twin gives out.
pub(super) const ID: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";
