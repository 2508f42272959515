//! What the raw vendor says, and what is asked of it: three tags with names that are known everywhere, as many others as
//! a measurement needs, and conversations that carry them.

/// The three tags that every change adds, as ids and names.
const TAGS: [(&str, &str); 3] = [
    ("tag_01k_invoice_9f2c", "invoice"),
    ("tag_01k_callback_77b0", "callback"),
    ("tag_01k_priority_1d4e", "priority"),
];

/// Tags on a page of the catalogue.
const PAGE: usize = 100;

/// What is said in a conversation, by whom, after how many seconds.
const TURNS: [(usize, &str, &str); 7] = [
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
];

/// The path of a conversation at the vendor.
pub(super) fn conversation_path(id: &str) -> String {
    format!("/v1/convai/conversations/{id}")
}

/// The path of its tags at the gateway.
pub(super) fn set_path(id: &str) -> String {
    format!("/v1/desk/conversations/{id}/tags")
}

/// A change at the gateway that adds the three.
pub(super) fn change() -> String {
    let names: Vec<String> = TAGS.iter().map(|(_, name)| format!("\"{name}\"")).collect();
    format!("{{\"add\":[{}]}}", names.join(","))
}

/// The vendor call that this change becomes.
pub(super) fn assign() -> String {
    format!("{{\"tag_ids\":[{}]}}", ids(TAGS.len()))
}

fn id(number: usize) -> String {
    match TAGS.get(number) {
        Some((id, _)) => (*id).to_owned(),
        None => format!("tag_01k_other_{number:06}"),
    }
}

fn ids(tags: usize) -> String {
    let ids: Vec<String> = (0..tags)
        .map(|number| format!("\"{}\"", id(number)))
        .collect();
    ids.join(",")
}

/// A page of a catalogue of so many tags, from this one on.
pub(super) fn page(tags: usize, from: usize) -> String {
    let end = tags.min(from + PAGE);
    let tag = |number: usize| {
        let name = match TAGS.get(number) {
            Some((_, name)) => (*name).to_owned(),
            None => format!("other {number}"),
        };
        format!(
            "{{\"tag_id\":\"{}\",\"workspace_id\":\"ws_5\",\"owner_user_id\":\"user_7\",\"title\":\"{name}\",\
             \"description\":null,\"created_at_unix_secs\":1771000000}}",
            id(number)
        )
    };
    let listed: Vec<String> = (from..end).map(tag).collect();
    let next = match end < tags {
        true => format!("\"{end}\""),
        false => "null".to_owned(),
    };
    format!(
        "{{\"conversation_tags\":[{}],\"has_more\":{},\"next_cursor\":{next}}}",
        listed.join(","),
        end < tags
    )
}

/// A conversation that carries the first tags of the catalogue; with three of them it has 1.5 KB.
pub(super) fn conversation(id: &str, tags: usize) -> String {
    let turn = |(at, role, text): (usize, &str, &str)| {
        format!(
            "{{\"role\":\"{role}\",\"message\":\"{text}\",\"time_in_call_secs\":{at},\"interrupted\":false,\
             \"source_medium\":\"audio\"}}"
        )
    };
    let turns: Vec<String> = TURNS.into_iter().map(turn).collect();
    format!(
        "{{\"agent_id\":\"agent_4401hx\",\"agent_name\":\"Deliveries\",\"status\":\"done\",\"user_id\":null,\
         \"conversation_id\":\"{id}\",\"tag_ids\":[{}],\"has_audio\":true,\
         \"has_user_audio\":true,\"has_response_audio\":true,\"metadata\":{{\"start_time_unix_secs\":1771000000,\
         \"call_duration_secs\":52,\"cost\":118,\"termination_reason\":\"the caller hung up\"}},\"analysis\":\
         {{\"call_successful\":\"success\",\"transcript_summary\":\"A delivery was moved to Thursday.\"}},\
         \"transcript\":[{}]}}",
        ids(tags),
        turns.join(",")
    )
}
