//! What we send.

use super::*;
use serde_json::json;

const ASSIGN: &str = "assign_conversation_tags_route";
const CREATE: &str = "create_conversation_tag_route";
const LIST: &str = "list_conversation_tags_route";

#[test]
fn an_operation_that_is_gone_breaks_only_if_it_is_called() {
    let without = |method: &'static str, path: &str| {
        let pointer = format!("/paths/{}", path.replace('/', "~1"));
        drift("elevenlabs", &pointer, |item| {
            item.as_object_mut().expect("methods").remove(method);
        })
    };
    let called = without("delete", "/v1/convai/tags/{tag_id}");
    assert_eq!(
        severities(&called, "delete_conversation_tag_route", ""),
        [Severity::Breaking]
    );
    let never = without("get", "/v1/convai/tags/{tag_id}");
    assert_eq!(
        severities(&never, "get_conversation_tag_route", ""),
        [Severity::Harmless]
    );
}

#[test]
fn a_moved_operation_breaks() {
    let findings = drift("awardee", "/paths", |paths| {
        let paths = paths.as_object_mut().expect("paths");
        let item = paths.remove("/conversations/{id}/tags").expect("the path");
        paths.insert("/conversations/{id}/labels".to_owned(), item);
    });
    assert_eq!(
        severities(&findings, "replace_conversation_tags", ""),
        [Severity::Breaking]
    );
}

#[test]
fn another_base_path_breaks_and_a_further_server_does_not() {
    let elsewhere = |url: &str| drift("awardee", "/servers/0/url", |server| *server = json!(url));
    assert_eq!(
        worst(&elsewhere("https://api.awardee.dev/v2")),
        Some(Severity::Breaking)
    );
    assert_eq!(worst(&elsewhere("https://eu.awardee.dev/v1")), None);
}

#[test]
fn a_lower_limit_that_the_adapter_follows_is_harmless() {
    let schema = "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids";
    let findings = drift("elevenlabs", schema, |ids| ids["maxItems"] = json!(20));
    assert_eq!(
        severities(&findings, ASSIGN, "/tag_ids"),
        [Severity::Harmless]
    );
    let lost = findings[0].values.as_ref().expect("the lost values");
    assert!(lost.to_string().contains("21"), "{lost}");
}

#[test]
fn a_higher_limit_widens() {
    let schema = "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids";
    let findings = drift("elevenlabs", schema, |ids| ids["maxItems"] = json!(80));
    assert_eq!(
        severities(&findings, ASSIGN, "/tag_ids"),
        [Severity::Widening]
    );
}

#[test]
fn values_that_are_sent_and_not_allowed_any_more_break_and_are_named() {
    let schema = "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids";
    let findings = drift("elevenlabs", schema, |ids| {
        ids["items"] = json!({"type": "string", "maxLength": 8});
    });
    assert_eq!(
        severities(&findings, ASSIGN, "/tag_ids/*"),
        [Severity::Breaking]
    );
    let lost = findings[0].values.as_ref().expect("the lost values");
    assert!(lost["minLength"] == 9, "{lost}");
}

#[test]
fn another_type_of_a_member_that_is_sent_breaks() {
    let schema = "/components/schemas/ReplaceLabels/properties/skip_analysis";
    let findings = drift("attention", schema, |switch| {
        *switch = json!({"type": "string"})
    });
    assert_eq!(
        severities(&findings, "replace_conversation_labels", "/skip_analysis"),
        [Severity::Breaking]
    );
}

#[test]
fn a_member_that_has_to_be_sent_breaks_and_one_that_may_be_widens() {
    let create = "/components/schemas/CreateConversationTagRequestModel";
    let demanded = drift("elevenlabs", create, |body| {
        body["properties"]["workspace_id"] = json!({"type": "string"});
        body["required"] = json!(["title", "workspace_id"]);
    });
    assert_eq!(
        severities(&demanded, CREATE, "/workspace_id"),
        [Severity::Breaking]
    );
    let offered = drift("elevenlabs", create, |body| {
        body["properties"]["color"] = json!({"type": "string"});
    });
    assert_eq!(severities(&offered, CREATE, "/color"), [Severity::Widening]);
}

#[test]
fn a_member_that_is_gone_breaks_if_it_is_sent() {
    let create = "/components/schemas/CreateConversationTagRequestModel/properties";
    let findings = drift("elevenlabs", create, |members| {
        members
            .as_object_mut()
            .expect("members")
            .remove("description");
    });
    assert_eq!(
        severities(&findings, CREATE, "/description"),
        [Severity::Breaking]
    );
}

#[test]
fn a_body_that_no_place_alone_forbids_is_found_as_a_whole() {
    let create = "/components/schemas/CreateConversationTagRequestModel";
    let findings = drift("elevenlabs", create, |body| {
        body["maxProperties"] = json!(1);
    });
    assert_eq!(worst(&findings), Some(Severity::Breaking), "{findings:?}");
}

#[test]
fn parameters_are_judged_by_what_the_query_holds() {
    let parameters = "/paths/~1v1~1convai~1tags/get/parameters";
    let narrowed = drift("elevenlabs", parameters, |all| {
        let size = all.as_array_mut().expect("a list").iter_mut();
        let size = size.into_iter().find(|one| one["name"] == "page_size");
        size.expect("the parameter")["schema"] = json!({"type": "integer", "maximum": 50});
    });
    assert_eq!(
        severities(&narrowed, LIST, "query/page_size"),
        [Severity::Breaking]
    );
    let removed = drift("elevenlabs", parameters, |all| *all = json!([]));
    assert_eq!(
        severities(&removed, LIST, "query/page_size"),
        [Severity::Breaking]
    );
    assert_eq!(
        severities(&removed, LIST, "query/cursor"),
        [Severity::Harmless]
    );
    let optional = drift("elevenlabs", parameters, |all| {
        let all = all.as_array_mut().expect("a list");
        all.push(json!({"name": "search", "in": "query", "schema": {"type": "string"}}));
    });
    assert_eq!(
        severities(&optional, LIST, "query/search"),
        [Severity::Widening]
    );
}

#[test]
fn a_key_that_is_expected_elsewhere_breaks() {
    let findings = drift("awardee", "", |document| {
        document["components"]["securitySchemes"] =
            json!({"Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}});
        document["security"] = json!([{"Key": []}]);
    });
    let at = severities(&findings, "list_conversation_tags", "header/authorization");
    assert_eq!(at, [Severity::Breaking], "{findings:?}");
}
