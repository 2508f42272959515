//! The steps of a request, each by itself and ready to be made again and again.

#![expect(clippy::expect_used, reason = "a step that fails is no measurement")]

mod adapter;
mod configuration;
mod lane;

use adapters::{Element, Handle, HeldTag, Tag, VENDORS, Vendor};
use std::hint::black_box;
use tagway::{answers::ChangeAnswer, gateway::OPENAPI, json, schema::Document};

/// A step: its name, and how it is got ready.
pub(crate) type Operation = (&'static str, fn() -> Step);

/// A step that is ready.
pub(crate) type Step = Box<dyn FnMut()>;

/// The steps of one change or read, in the order in which they are taken.
pub(crate) const SHORT: &[Operation] = &[
    ("parse a change", parse),
    ("validate a change", validate),
    ("resolve 3 names among 10", || adapter::resolve(10)),
    ("resolve 3 names among 10,000", || adapter::resolve(10_000)),
    ("plan an add of 3", adapter::plan_add),
    ("plan another set in place of one of 3", adapter::plan_set),
    ("decode a conversation of 3 tags", || adapter::decode(3)),
    ("render the answer", render),
    ("a change through its lane", || lane::change(0)),
    ("the same beside 1,000 lanes", || lane::change(1_000)),
    ("look the configuration up", configuration::look_up),
];

/// The steps of many changes, of much, or of none.
pub(crate) const LONG: &[Operation] = &[
    ("fold 64 changes of one set", adapter::fold),
    ("decode a conversation of 300 tags", || adapter::decode(300)),
    (
        "put another configuration in its place",
        configuration::swap,
    ),
    ("build a gateway of three routes", configuration::build),
];

const CHANGE: &[u8] = br#"{"add":["tag 1","tag 2",{"name":"tag 3","value":null}]}"#;
const CONVERSATION: &str = "conv_8801k2m3n4p5q6r7s8t9v0w1x2";

fn vendor(name: &str) -> &'static Vendor {
    let known = VENDORS.iter().find(|vendor| vendor.name == name);
    known.expect("a vendor")
}

fn parse() -> Step {
    Box::new(|| {
        black_box(json::parse(black_box(CHANGE)).expect("JSON"));
    })
}

fn validate() -> Step {
    let document = Document::compile("gateway", OPENAPI, &|_| None).expect("it compiles");
    let value = json::parse(CHANGE).expect("JSON");
    Box::new(move || {
        let operation = document.operation("change_conversation_tags");
        let check = operation.and_then(|operation| operation.request());
        assert!(check.expect("a body").is_valid(black_box(&value)));
    })
}

fn held(number: usize) -> Element {
    let handle = Handle::Id(format!("tag_{number:05}"));
    Element::from(HeldTag::new(Tag::bare(format!("tag {number}")), handle))
}

fn render() -> Step {
    let added: Vec<Element> = (1..4).map(held).collect();
    Box::new(move || {
        let answer = ChangeAnswer {
            route: "desk",
            conversation: CONVERSATION,
            added: black_box(&added),
            removed: &[],
            assumed: true,
            tags: None,
        };
        black_box(answer.json());
    })
}
