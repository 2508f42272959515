//! What is known by name in a schema, and what is told of a value.

use super::super::{Against, Document, Known};
use serde_json::{Value, json};

/// A document whose one answer has this schema.
fn document(schema: &Value) -> Document {
    let text = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {
            "description": "", "content": {"application/json": {"schema": schema}},
        }}}}},
        "components": {"schemas": {
            "Tree": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                },
            },
            "State": {"enum": ["open", "done"]},
        }},
    });
    Document::compile("t", &text.to_string(), &|_| None).expect("a sound document")
}

fn with<T>(schema: &Value, ask: impl FnOnce(&Known) -> T) -> T {
    let document = document(schema);
    let operation = document.operation("a").expect("it");
    ask(operation.known(200).expect("a schema"))
}

fn unknown(schema: &Value, value: &Value) -> Vec<String> {
    with(schema, |known| {
        let mut told = Vec::new();
        known.unknown(value, &mut |path, name, _| {
            told.push(format!("{}/{name}", path.join("/")))
        });
        told.sort();
        told
    })
}

#[test]
fn members_are_known_in_every_form_and_at_every_depth() {
    let tree = json!({"$ref": "#/components/schemas/Tree"});
    let value =
        json!({"name": "a", "x": 1, "below": [{"y": 1}, {"below": [{"name": "b", "z": 1}]}]});
    assert_eq!(
        unknown(&tree, &value),
        ["/x", "below/*/below/*/z", "below/*/y"]
    );

    let either = json!({"anyOf": [
        {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}},
        {"type": "object", "properties": {"a": {"type": "object", "properties": {"c": {}}}}},
        {"type": "null"},
    ]});
    let value = json!({"a": {"b": 1, "c": 1, "d": 1}, "e": 1});
    assert_eq!(unknown(&either, &value), ["/e", "a/d"]);

    let both = json!({"allOf": [tree, {"properties": {"also": {}}}]});
    assert_eq!(
        unknown(&both, &json!({"name": "a", "also": 1, "no": 1})),
        ["/no"]
    );
}

#[test]
fn what_is_foreseen_is_not_unknown() {
    let nothing: [&str; 0] = [];
    let value = json!({"a": {"b": 1}, "c": [{"d": 1}]});
    for schema in [
        json!({}),
        json!(true),
        json!({"type": ["object", "null"]}),
        json!({"properties": {"a": {}}, "additionalProperties": true}),
        json!({"properties": {"a": {"type": "object"}}, "patternProperties": {"^c": {}}}),
        json!({"additionalProperties": {}}),
    ] {
        assert_eq!(unknown(&schema, &value), nothing, "{schema}");
    }
    let map = json!({"additionalProperties": {"type": "object", "properties": {"b": {}}}});
    assert_eq!(
        unknown(&map, &json!({"one": {"b": 1, "x": 1}, "two": {"x": 1}})),
        ["*/x", "*/x"]
    );
}

#[test]
fn a_value_is_judged_by_its_type_and_by_what_is_listed() {
    let nullable = |form: Value| json!({"anyOf": [form, {"type": "null"}]});
    let state = json!({"$ref": "#/components/schemas/State"});
    let cases = [
        (json!({}), json!(1), Against::Nothing),
        (json!({"type": "string"}), json!(1), Against::Type),
        (json!({"type": "integer"}), json!(1.0), Against::Nothing),
        (json!({"type": "integer"}), json!(1.5), Against::Type),
        (json!({"type": ["array", "null"]}), json!({}), Against::Type),
        (state.clone(), json!("done"), Against::Nothing),
        (state.clone(), json!("lost"), Against::Value),
        (nullable(state.clone()), json!(null), Against::Nothing),
        (nullable(state), json!("lost"), Against::Value),
        (
            nullable(json!({"type": "string"})),
            json!("lost"),
            Against::Nothing,
        ),
        (nullable(json!({"type": "string"})), json!(1), Against::Type),
        (
            json!({"allOf": [{"type": "string"}, {"const": "a"}]}),
            json!("b"),
            Against::Value,
        ),
    ];
    for (schema, value, expected) in cases {
        let seen = with(&schema, |known| known.against(known.root(), &value));
        assert_eq!(seen, expected, "{schema} {value}");
    }
}

#[test]
fn a_general_pointer_has_only_names_of_the_document() {
    let schema = json!({
        "properties": {
            "data": {"type": "array", "items": {"properties": {"7": {"type": "string"}, "a/b": {}}}},
            "labels": {"additionalProperties": {"properties": {"kind": {}}}},
        },
    });
    with(&schema, |known| {
        for (pointer, general) in [
            ("", ""),
            ("/data", "/data"),
            ("/data/12/7", "/data/*/7"),
            ("/data/0/a~1b", "/data/*/a~1b"),
            ("/labels/Bob", "/labels/*"),
            ("/labels/Bob/kind", "/labels/*/kind"),
            ("/unheard/of", "/*/*"),
        ] {
            assert_eq!(known.general(pointer), general);
        }
    });
}

#[test]
fn what_passes_at_a_look_is_what_nothing_is_said_against() {
    let schema = json!({"type": "object", "properties": {
        "text": {"type": "string"},
        "state": {"$ref": "#/components/schemas/State"},
        "odd": {"enum": ["a\\b", 7]},
        "count": {"type": "integer"},
        "share": {"type": ["number", "null"]},
        "list": {"type": "array"},
        "either": {"anyOf": [{"type": "boolean"}, {"type": "object"}]},
        "any": {},
    }});
    let values = [
        r#""open""#,
        r#""shut""#,
        r#""op\u0065n""#,
        r#""a\b""#,
        r#""a\\b""#,
        "7",
        "-7",
        "7.0",
        "7.5",
        "1e2",
        "null",
        "true",
        "{}",
        "[]",
    ];
    with(&schema, |known| {
        let mut passed = Vec::new();
        for name in [
            "text", "state", "odd", "count", "share", "list", "either", "any", "other",
        ] {
            let member = known.member(known.root(), name);
            for json in values {
                let value: Value = serde_json::from_str(json).expect("JSON");
                let is_sound =
                    member.is_some_and(|at| known.against(at, &value) == Against::Nothing);
                if known.passes(known.root(), name.as_bytes(), json.as_bytes(), true) {
                    assert!(is_sound, "{name}: {json}");
                    passed.push(format!("{name} {json}"));
                }
            }
        }
        for usual in [
            r#"text "open""#,
            r#"state "open""#,
            "count 7",
            "share 7.5",
            "share null",
            "list []",
            "either true",
            "either {}",
            "any 7",
        ] {
            assert!(passed.iter().any(|one| one == usual), "{usual}");
        }
        let cut = known.passes(known.root(), b"state", br#""open""#, false);
        assert!(!cut, "the rest of it is not known");
    });
}
