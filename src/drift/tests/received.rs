//! What we rely on in answers.

use super::*;
use serde_json::json;

const LIST: &str = "list_conversation_tags_route";
const DETAIL: &str = "get_conversation_history_route";
const TAG: &str = "/components/schemas/ConversationTagResponseModel";

#[test]
fn a_member_that_may_be_missing_breaks_only_if_it_is_relied_on() {
    let optional = |name: &'static str| {
        drift("elevenlabs", TAG, |tag| {
            let required = tag["required"].as_array_mut().expect("names");
            required.retain(|one| one != name);
        })
    };
    let title = optional("title");
    assert_eq!(
        severities(&title, LIST, "/conversation_tags/*/title"),
        [Severity::Breaking]
    );
    let workspace = optional("workspace_id");
    let at = severities(&workspace, LIST, "/conversation_tags/*/workspace_id");
    assert_eq!(at, [Severity::Harmless]);
}

#[test]
fn a_member_that_is_not_described_any_more_counts_as_missing() {
    let page = "/components/schemas/GetConversationTagsPageResponseModel";
    let without = |names: Value| {
        drift("elevenlabs", page, |page| {
            let members = page["properties"].as_object_mut().expect("members");
            members.remove("has_more");
            page["required"] = names;
        })
    };
    let gone = without(json!(["conversation_tags"]));
    assert_eq!(severities(&gone, LIST, "/has_more"), [Severity::Breaking]);
    let asked_for = without(json!(["conversation_tags", "has_more"]));
    assert_eq!(
        severities(&asked_for, LIST, "/has_more"),
        [Severity::Undecided]
    );
}

#[test]
fn a_new_type_of_a_relied_member_breaks_and_names_the_values() {
    let id = format!("{TAG}/properties/tag_id");
    let findings = drift("elevenlabs", &id, |id| {
        *id = json!({"type": ["string", "integer"]})
    });
    let finding = findings
        .iter()
        .find(|finding| finding.operation == LIST)
        .expect("a finding");
    assert_eq!(
        (finding.severity, finding.pointer.as_str()),
        (Severity::Breaking, "/conversation_tags/*/tag_id")
    );
    let gained = finding.values.as_ref().expect("the new values");
    assert_eq!(gained["type"], "integer");
}

#[test]
fn a_new_type_of_a_member_that_nothing_reads_widens() {
    let owner = format!("{TAG}/properties/owner_user_id");
    let findings = drift("elevenlabs", &owner, |owner| {
        *owner = json!({"type": ["string", "null"]})
    });
    let at = severities(&findings, LIST, "/conversation_tags/*/owner_user_id");
    assert_eq!(at, [Severity::Widening]);
}

#[test]
fn a_new_value_of_a_list_of_values_is_named() {
    let status = "/components/schemas/GetConversationResponseModel/properties/status";
    let findings = drift("elevenlabs", status, |status| {
        *status = json!({"type": "string", "enum": ["initiated", "in-progress", "processing", "done", "failed", "archived"]});
    });
    let finding = findings
        .iter()
        .find(|finding| finding.pointer == "/status")
        .expect("a finding");
    assert_eq!(
        (finding.operation.as_str(), finding.severity),
        (DETAIL, Severity::Widening)
    );
    let gained = finding.values.as_ref().expect("the new value").to_string();
    assert!(
        gained.contains("archived") && !gained.contains("done"),
        "{gained}"
    );
}

#[test]
fn a_new_member_is_harmless() {
    let findings = drift(
        "awardee",
        "/components/schemas/ConversationTag/properties",
        |members| {
            members["owner"] = json!({"type": "string"});
        },
    );
    let at = severities(&findings, "list_conversation_tags", "/data/*/owner");
    assert_eq!(at, [Severity::Harmless]);
}

#[test]
fn a_success_without_the_body_that_is_read_breaks() {
    let responses = "/paths/~1conversation-tags/post/responses";
    let findings = drift("awardee", responses, |responses| {
        *responses = json!({"204": {"description": "made"}});
    });
    let at = severities(&findings, "create_conversation_tag", "");
    assert!(at.contains(&Severity::Breaking), "{findings:?}");
}

#[test]
fn a_success_that_comes_later_breaks_and_another_status_widens() {
    let with = |status: &'static str| {
        drift(
            "attention",
            "/paths/~1conversations~1{id}~1labels/put/responses",
            |responses| {
                responses[status] = responses["200"].clone();
            },
        )
    };
    let operation = "replace_conversation_labels";
    assert_eq!(
        severities(&with("202"), operation, ""),
        [Severity::Breaking]
    );
    assert_eq!(
        severities(&with("203"), operation, ""),
        [Severity::Widening]
    );
}
