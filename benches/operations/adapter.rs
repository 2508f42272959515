//! The steps that are the adapters': what a change comes to, and what an answer means.

use super::{CONVERSATION, Step, held, vendor};
use adapters::{
    Answer, Carried, Catalogue, CatalogueTag, Change, Element, Folding, Goal, Handle, HeldTag, Tag,
    TagRef,
    reader::{Limits, project},
    settings::Settings,
};
use http::{HeaderMap, StatusCode};
use std::hint::black_box;
use tagway::gateway::compile;

fn listed(number: usize) -> CatalogueTag {
    let held = HeldTag::new(Tag::bare(format!("tag {number}")), Handle::Name);
    CatalogueTag {
        tag: held.tag,
        identity: held.identity,
        id: Some(format!("tag_{number:05}")),
        holder: None,
        description: None,
        color: None,
        created_at: None,
    }
}

fn catalogue(tags: usize) -> Catalogue {
    Catalogue::new((0..tags).map(listed))
}

pub(super) fn change() -> Change {
    let add = ["tag 1", "tag 2", "tag 3"].map(|name| TagRef::Tag(Tag::bare(name)));
    Change::Patch {
        add: add.into(),
        remove: Vec::new(),
    }
}

pub(super) fn resolve(tags: usize) -> Step {
    let document =
        compile(vendor("elevenlabs"), vendor("elevenlabs").document).expect("it compiles");
    let adapter = (vendor("elevenlabs").build)(&Settings::default(), document.value());
    let (catalogue, change) = (catalogue(tags), change());
    Box::new(move || {
        let mut folding = Folding::blind(adapter.rules(), &catalogue);
        let effect = folding.apply(black_box(&change), false);
        assert_eq!(effect.expect("known").added.len(), 3);
    })
}

/// As many changes as clients of one conversation, in one cycle of its lane.
pub(super) fn fold() -> Step {
    let document = compile(vendor("awardee"), vendor("awardee").document).expect("it compiles");
    let adapter = (vendor("awardee").build)(&Settings::default(), document.value());
    let catalogue = catalogue(100);
    let carried = Carried((0..3).map(held).collect());
    let tag = |number: usize| vec![TagRef::Tag(Tag::bare(format!("tag {number}")))];
    let change = |number: usize| Change::Patch {
        add: tag(number + 10),
        remove: Vec::new(),
    };
    let changes: Vec<Change> = (0..64).map(change).collect();
    Box::new(move || {
        let mut folding = Folding::known(adapter.rules(), &catalogue, carried.clone());
        for change in black_box(&changes) {
            let effect = folding.apply(change, false);
            assert_eq!(effect.expect("known").added.len(), 1);
        }
    })
}

pub(super) fn plan_add() -> Step {
    let document =
        compile(vendor("elevenlabs"), vendor("elevenlabs").document).expect("it compiles");
    let adapter = (vendor("elevenlabs").build)(&Settings::default(), document.value());
    let asked: Vec<(Element, bool)> = (1..4).map(|number| (held(number), true)).collect();
    Box::new(move || {
        let steps = adapter.write(black_box(CONVERSATION), Goal::Blind(&asked));
        assert_eq!(steps.expect("a plan").len(), 1);
    })
}

pub(super) fn plan_set() -> Step {
    let document = compile(vendor("awardee"), vendor("awardee").document).expect("it compiles");
    let adapter = (vendor("awardee").build)(&Settings::default(), document.value());
    let before = Carried((0..3).map(held).collect());
    let after = Carried((1..5).map(held).collect());
    let id = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";
    Box::new(move || {
        let (before, after) = (black_box(&before), black_box(&after));
        let steps = adapter.write(id, Goal::Known { before, after });
        assert_eq!(steps.expect("a plan").len(), 1);
    })
}

pub(super) fn decode(tags: usize) -> Step {
    let document =
        compile(vendor("elevenlabs"), vendor("elevenlabs").document).expect("it compiles");
    let adapter = (vendor("elevenlabs").build)(&Settings::default(), document.value());
    let call = adapter.read(CONVERSATION).expect("a call");
    let ids: Vec<String> = (0..tags).map(|number| format!("tag_{number:05}")).collect();
    let turn = serde_json::json!({
        "role": "user", "message": "Could somebody call me back, please?", "time_in_call_secs": 4,
    });
    let body = serde_json::json!({
        "agent_id": "agent_1", "status": "done", "conversation_id": CONVERSATION, "tag_ids": ids,
        "has_audio": true, "has_user_audio": true, "has_response_audio": true,
        "metadata": {"start_time_unix_secs": 1, "call_duration_secs": 2}, "transcript": vec![turn; 12],
    });
    let body = body.to_string();
    Box::new(move || {
        let kept = project(call.keep, Limits::default(), black_box(body.as_bytes()));
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: kept.expect("JSON"),
        };
        let mut carried = Carried::default();
        adapter
            .carried(CONVERSATION, 0, &answer, &mut carried)
            .expect("a set");
        assert_eq!(carried.0.len(), tags);
    })
}
