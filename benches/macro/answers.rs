//! What the raw vendor says: a catalogue of three tags, and a conversation of 1.5 KB that carries them.

/// The ids of the three tags and their names.
const TAGS: [(&str, &str); 3] = [
    ("tag_01k_invoice_9f2c", "invoice"),
    ("tag_01k_callback_77b0", "callback"),
    ("tag_01k_priority_1d4e", "priority"),
];

/// The path of the conversation at the vendor.
pub(super) const CONVERSATION_PATH: &str =
    "/v1/convai/conversations/conv_8801k2m3n4p5q6r7s8t9v0w1x2";

/// The path of its tags at the gateway.
pub(super) const SET_PATH: &str = "/v1/desk/conversations/conv_8801k2m3n4p5q6r7s8t9v0w1x2/tags";

/// A change at the gateway that adds the three.
pub(super) fn change() -> String {
    let names: Vec<String> = TAGS.iter().map(|(_, name)| format!("\"{name}\"")).collect();
    format!("{{\"add\":[{}]}}", names.join(","))
}

/// The vendor call that this change becomes.
pub(super) fn assign() -> String {
    format!("{{\"tag_ids\":[{}]}}", ids())
}

fn ids() -> String {
    let ids: Vec<String> = TAGS.iter().map(|(id, _)| format!("\"{id}\"")).collect();
    ids.join(",")
}

pub(super) fn catalogue() -> String {
    let tag = |(id, name): &(&str, &str)| {
        format!(
            "{{\"tag_id\":\"{id}\",\"workspace_id\":\"ws_5\",\"owner_user_id\":\"user_7\",\"title\":\"{name}\",\
             \"description\":null,\"created_at_unix_secs\":1771000000}}"
        )
    };
    let tags: Vec<String> = TAGS.iter().map(tag).collect();
    format!(
        "{{\"conversation_tags\":[{}],\"has_more\":false,\"next_cursor\":null}}",
        tags.join(",")
    )
}

pub(super) fn conversation() -> String {
    let turn = |(at, role, text): (usize, &str, &str)| {
        format!(
            "{{\"role\":\"{role}\",\"message\":\"{text}\",\"time_in_call_secs\":{at},\"interrupted\":false,\
             \"source_medium\":\"audio\"}}"
        )
    };
    let turns: Vec<String> = [
        (0, "agent", "Good morning, what can I do for you today?"),
        (
            5,
            "user",
            "I would like to move my delivery to Thursday afternoon, if that is possible.",
        ),
        (
            12,
            "agent",
            "Let me see whether the driver has a free slot on that day.",
        ),
        (
            31,
            "agent",
            "Thursday between two and four is free. Shall I book it for you?",
        ),
        (
            38,
            "user",
            "Yes, please, and send me a message when it is done.",
        ),
        (
            44,
            "agent",
            "It is booked, and the message is on its way. Is there anything else?",
        ),
        (49, "user", "No, that was all. Thank you very much."),
    ]
    .into_iter()
    .map(turn)
    .collect();
    format!(
        "{{\"agent_id\":\"agent_4401hx\",\"agent_name\":\"Deliveries\",\"status\":\"done\",\"user_id\":null,\
         \"conversation_id\":\"conv_8801k2m3n4p5q6r7s8t9v0w1x2\",\"tag_ids\":[{}],\"has_audio\":true,\
         \"has_user_audio\":true,\"has_response_audio\":true,\"metadata\":{{\"start_time_unix_secs\":1771000000,\
         \"call_duration_secs\":52,\"cost\":118,\"termination_reason\":\"the caller hung up\"}},\"analysis\":\
         {{\"call_successful\":\"success\",\"transcript_summary\":\"A delivery was moved to Thursday.\"}},\
         \"transcript\":[{}]}}",
        ids(),
        turns.join(",")
    )
}
