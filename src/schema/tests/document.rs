use http::Method;
use serde_json::{Value, json};

use super::super::{Document, DocumentError, Found, KeptPaths};
use super::{operation, vendor, whole};

fn minimal() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "https://host.example/v2/"}],
        "paths": {
            "/things/{id}": {
                "get": {
                    "operationId": "get_thing",
                    "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
                }
            }
        },
        "components": {"schemas": {"Thing": {"type": "object", "properties": {"of": {"$ref": "#/components/schemas/Thing"}}}}}
    })
}

fn compile(document: &Value) -> Result<Document, DocumentError> {
    Document::compile("sample", &document.to_string(), &whole)
}

fn problems(document: &Value) -> Vec<(String, String)> {
    let error = compile(document).unwrap_err();
    assert_eq!(error.document, "sample");
    error
        .problems
        .into_iter()
        .map(|it| (it.pointer, it.detail))
        .collect()
}

#[test]
fn each_vendored_document_compiles() {
    for (name, base, count) in [
        ("elevenlabs", "", 9),
        ("awardee", "/v1", 7),
        ("attention", "/v2", 8),
    ] {
        let document = vendor(name);
        assert_eq!(document.name(), name);
        assert_eq!(document.base_path(), base);
        assert_eq!(document.operations().count(), count);
        assert_eq!(document.value()["openapi"], "3.1.0");
        for it in document.operations() {
            assert!(
                it.response(418).is_some(),
                "{} has no error schema",
                it.id()
            );
            assert_eq!(it.value()["operationId"], it.id());
            assert!(
                it.value()["x-source"].is_string(),
                "{} has no source",
                it.id()
            );
        }
    }
}

#[test]
fn operations_come_in_the_order_of_the_text() {
    let ids: Vec<String> = vendor("elevenlabs")
        .operations()
        .take(3)
        .map(|it| it.id().to_owned())
        .collect();
    assert_eq!(
        ids,
        [
            "list_conversation_tags_route",
            "create_conversation_tag_route",
            "get_conversation_tag_route"
        ]
    );
}

#[test]
fn a_path_leads_to_its_operation() {
    let document = vendor("attention");
    let found = document.find(&Method::PUT, "/conversations/a%2Fb/labels");
    let Found::Operation(operation, parameters) = found else {
        panic!("{found:?}");
    };
    assert_eq!(operation.id(), "replace_conversation_labels");
    assert_eq!(operation.template(), "/conversations/{id}/labels");
    assert_eq!(parameters, [("id", "a%2Fb")]);

    let found = document.find(&Method::PUT, "/labels/x");
    let Found::OtherMethod(mut methods) = found else {
        panic!("{found:?}");
    };
    methods.sort_by_key(Method::to_string);
    assert_eq!(methods, [Method::DELETE, Method::GET, Method::PATCH]);

    for path in [
        "/labels/",
        "/labels/x/y",
        "labels",
        "",
        "/",
        "/Labels",
        "/conversations//labels",
    ] {
        assert!(
            matches!(document.find(&Method::GET, path), Found::Nothing),
            "{path}"
        );
    }
}

#[test]
fn a_literal_segment_goes_before_a_parameter() {
    let mut document = minimal();
    let mut newest = document["paths"]["/things/{id}"].clone();
    newest["get"]["operationId"] = json!("newest");
    newest["get"]["parameters"] = json!([]);
    document["paths"]["/things/newest"] = newest;
    let document = compile(&document).unwrap();
    let id = |path: &'static str| match document.find(&Method::GET, path) {
        Found::Operation(it, _) => it.id().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(id("/things/newest"), "newest");
    assert_eq!(id("/things/newer"), "get_thing");
    assert_eq!(document.base_path(), "/v2");
}

#[test]
fn text_that_is_no_document_is_refused() {
    let error = Document::compile("sample", "{\"openapi\": ", &whole).unwrap_err();
    assert!(error.to_string().contains("is not JSON"), "{error}");
    assert_eq!(problems(&json!({"openapi": "2.0"}))[0].0, "");
    assert!(
        problems(&json!({"openapi": "3.1.0", "paths": []}))[0]
            .1
            .contains("paths")
    );
}

#[test]
fn every_problem_is_told() {
    let mut document = minimal();
    let mut other = document["paths"]["/things/{id}"].clone();
    other["put"] = other["get"].clone();
    other["put"]["operationId"].take();
    document["paths"]["/others/{id}"] = other;
    document["components"]["schemas"]["Broken"] = json!({"type": "strnig"});
    document["components"]["schemas"]["Lost"] = json!({"$ref": "#/components/schemas/Nobody"});
    document["components"]["schemas"]["Far"] = json!({"items": {"$ref": "https://host.example/x"}});
    let mut pointers: Vec<String> = problems(&document).into_iter().map(|it| it.0).collect();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/components/schemas/Broken/type",
            "/components/schemas/Far/items/$ref",
            "/components/schemas/Lost/$ref",
            "/paths/~1others~1{id}/put",
            "/paths/~1things~1{id}/get",
        ]
    );
}

#[test]
fn an_inline_schema_is_judged_where_it_stands() {
    let mut document = minimal();
    document["paths"]["/things/{id}"]["get"]["parameters"][0]["schema"] = json!({"maxLength": -1});
    let pointer = "/paths/~1things~1{id}/get/parameters/0/schema/maxLength";
    assert!(problems(&document).iter().any(|it| it.0 == pointer));

    for pattern in ["(", "^(?!x)"] {
        let mut document = minimal();
        document["components"]["schemas"]["Thing"]["pattern"] = json!(pattern);
        let told = problems(&document);
        assert_eq!(told[0].0, "/components/schemas/Thing", "{told:?}");
    }
}

#[test]
fn a_path_and_its_parameters_agree() {
    let mut document = minimal();
    document["paths"]["/things/{id}"]["get"]["parameters"][0]["name"] = json!("key");
    let told: Vec<String> = problems(&document).into_iter().map(|it| it.1).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("`id`") && told[1].starts_with("`key`"));

    let mut document = minimal();
    let item = document["paths"]["/things/{id}"].take();
    document["paths"] = json!({"/things/{id}.json": item});
    assert_eq!(problems(&document)[0].0, "/paths/~1things~1{id}.json");
}

#[test]
fn ids_and_paths_are_used_once() {
    let mut document = minimal();
    let item = document["paths"]["/things/{id}"].clone();
    document["paths"]["/others/{id}"] = item.clone();
    let told = problems(&document);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "/paths/~1things~1{id}/get");
    assert_eq!(told[0].1, "the operationId `get_thing` is used twice");

    let mut document = minimal();
    document["paths"]["/things/{key}"] = item;
    assert_eq!(
        problems(&document)[0].1,
        "matches the same paths as another one"
    );

    let mut document = minimal();
    document["paths"]["/more"] = json!({"$ref": "#/paths/~1things~1{id}"});
    assert_eq!(problems(&document)[0].0, "/paths/~1more");
}

#[test]
fn a_reference_that_only_leads_to_itself_leads_nowhere() {
    let mut document = minimal();
    document["components"]["schemas"]["Loop"] = json!({"$ref": "#/components/schemas/Loop"});
    assert_eq!(problems(&document)[0].0, "/components/schemas/Loop/$ref");
}

#[test]
fn the_dialect_of_3_0_is_understood() {
    let mut document = minimal();
    document["openapi"] = json!("3.0.3");
    document["components"]["schemas"]["Thing"] = json!({
        "type": "object",
        "properties": {
            "note": {"type": "string", "nullable": true},
            "kind": {"type": "string", "nullable": true, "enum": ["a"]},
            "share": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": false}
        }
    });
    let document = compile(&document).unwrap();
    let check = operation(&document, "get_thing").response(200).unwrap();
    assert!(check.is_valid(&json!({"note": null, "kind": null, "share": 1})));
    assert!(!check.is_valid(&json!({"note": 1})));
    assert!(!check.is_valid(&json!({"kind": "b"})));
    assert!(!check.is_valid(&json!({"share": 0})));
}

#[test]
fn a_kept_path_through_what_cannot_be_cut_down_is_a_problem() {
    let mut document = minimal();
    document["components"]["schemas"]["Thing"]["patternProperties"] = json!({"^x": {}});
    let kept = |_: &str| -> Option<KeptPaths> { Some(&[&["of"]]) };
    let error = Document::compile("sample", &document.to_string(), &kept).unwrap_err();
    assert!(error.to_string().contains("`patternProperties`"), "{error}");
}

#[test]
fn a_status_falls_back_to_its_class_and_then_to_the_default() {
    let mut document = minimal();
    let answer = |kind: &str| json!({"description": "", "content": {"application/problem+json": {"schema": {"type": kind}}}});
    document["paths"]["/things/{id}"]["get"]["responses"] = json!({
        "204": {"description": ""}, "4XX": answer("string"), "404": answer("null"), "default": answer("boolean")
    });
    let document = compile(&document).unwrap();
    let it = operation(&document, "get_thing");
    assert!(it.response(204).is_none() && it.lists(204) && !it.lists(200));
    assert!(it.response(404).unwrap().is_valid(&json!(null)));
    assert!(it.response(409).unwrap().is_valid(&json!("x")));
    assert!(it.response(200).unwrap().is_valid(&json!(true)));
}
