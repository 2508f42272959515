//! Crafted documents, one change each.

mod received;
mod sent;

use super::*;
use adapters::settings::defaults;

fn vendor(name: &str) -> &'static Vendor {
    crate::gateway::vendor(name).expect("a vendor")
}

/// The findings when the vendored document is changed at a pointer.
fn drift(name: &str, pointer: &str, change: impl FnOnce(&mut Value)) -> Vec<Finding> {
    let vendor = vendor(name);
    let mut document: Value = serde_json::from_str(vendor.document).expect("JSON");
    change(document.pointer_mut(pointer).expect("the place is there"));
    let old = Described::read(vendor.document).expect("a document");
    let new = Described::read(&document.to_string()).expect("a document");
    compare(vendor, &defaults(vendor.settings), &old, &new).expect("the twin is understood")
}

/// The severities that are said of an operation at a place.
fn severities(findings: &[Finding], operation: &str, pointer: &str) -> Vec<Severity> {
    let of = findings
        .iter()
        .filter(|finding| finding.operation == operation && finding.pointer == pointer);
    of.map(|finding| finding.severity).collect()
}

fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).min()
}

#[test]
fn a_document_changes_nothing_against_itself() {
    for vendor in adapters::VENDORS {
        assert_eq!(drift(vendor.name, "/info", |_| {}), [], "{}", vendor.name);
    }
}

#[test]
fn the_answers_of_every_operation_that_is_called_are_read() {
    for vendor in adapters::VENDORS {
        let samples = Samples::take(vendor, &defaults(vendor.settings)).expect("samples");
        for (operation, _) in vendor.operations {
            assert!(samples.covers(operation), "{}: {operation}", vendor.name);
        }
    }
}

#[test]
fn the_published_excerpt_breaks_nothing_but_what_it_leaves_out() {
    let vendor = vendor("elevenlabs");
    let text = include_str!("../../../tests/fixtures/elevenlabs-openapi-excerpt-tags.json");
    let old = Described::read(vendor.document).expect("a document");
    let new = Described::read(text).expect("a document");
    let findings = compare(vendor, &defaults(vendor.settings), &old, &new).expect("findings");
    let broken: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity <= Severity::Undecided)
        .map(|finding| {
            (
                finding.severity,
                finding.operation.as_str(),
                finding.pointer.as_str(),
            )
        })
        .collect();
    // The excerpt asks for this member and does not describe it.
    let detail = "get_conversation_history_route";
    assert_eq!(broken, [(Severity::Undecided, detail, "/conversation_id")]);
}

#[test]
fn what_is_no_document_is_refused() {
    for text in [
        "",
        "{}",
        r#"{"openapi":"2.0"}"#,
        r#"{"openapi":"3.1.0","paths":{}}"#,
    ] {
        assert!(Described::read(text).is_err(), "{text}");
    }
}

#[test]
fn accepted_findings_are_left_out_and_stale_lines_told() {
    let mut findings = drift(
        "elevenlabs",
        "/paths/~1v1~1convai~1tags/get/parameters",
        |all| {
            let all = all.as_array_mut().expect("a list");
            all.push(serde_json::json!({"name": "team", "in": "query", "required": true, "schema": {"type": "string"}}));
        },
    );
    assert_eq!(worst(&findings), Some(Severity::Breaking));
    let ignore = "list_*_route sent query/t* # known\n\nassign_conversation_tags_route * -\n";
    let ignore = Ignore::read(ignore).expect("lines");
    let (ignored, stale) = ignore.apply(&mut findings);
    assert_eq!((ignored, findings.len()), (1, 0));
    assert_eq!(stale, ["assign_conversation_tags_route * -"]);
    assert_eq!(Ignore::read("a sent").err(), Some(IgnoreError { line: 1 }));
    assert_eq!(
        Ignore::read("\na up b").err(),
        Some(IgnoreError { line: 2 })
    );
}
