//! What a server does with an adapter, without the network: list, read, make, write.

use super::twin::{CONVERSATION, Kind, Twin};
use crate::{
    Adapter, Attributes, Carried, Catalogue, CatalogueTag, Edit, Goal, HeldTag, VENDORS, Writes,
    name_ids,
    settings::{SettingValue, Settings},
};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// More pages than any list here has.
const MOST_PAGES: usize = 10;

/// The flag value that Attention's adapter has in the plan laws.
pub(super) const FLAG: &str = "on";

static ELEVENLABS: LazyLock<Vec<Arc<dyn Adapter>>> = LazyLock::new(|| {
    let document = |most: usize| {
        let mut document: Value = serde_json::from_str(VENDORS[0].document).unwrap();
        let path =
            "/components/schemas/AssignConversationTagsRequestModel/properties/tag_ids/maxItems";
        *document.pointer_mut(path).unwrap() = json!(most);
        document
    };
    (1..=3)
        .map(|most| (VENDORS[0].build)(&Settings::new(), &document(most)))
        .collect()
});

static AWARDEE: LazyLock<Arc<dyn Adapter>> = LazyLock::new(|| {
    (VENDORS[1].build)(
        &Settings::new(),
        &serde_json::from_str(VENDORS[1].document).unwrap(),
    )
});

static ATTENTION: LazyLock<Arc<dyn Adapter>> = LazyLock::new(|| attention(FLAG));

/// Attention's adapter with a flag value.
pub(super) fn attention(flag: &str) -> Arc<dyn Adapter> {
    let settings = Settings::from([("flag_value", SettingValue::Text(flag.to_owned()))]);
    (VENDORS[2].build)(
        &settings,
        &serde_json::from_str(VENDORS[2].document).unwrap(),
    )
}

/// The adapter that speaks to the twin.
pub(super) fn adapter(twin: &Twin) -> Arc<dyn Adapter> {
    let adapter = match twin.kind {
        Kind::ElevenLabs => &ELEVENLABS[twin.adds_per_call - 1],
        Kind::Awardee => &*AWARDEE,
        Kind::Attention => &*ATTENTION,
    };
    if let Writes::AddAndRemove { adds_per_call } = adapter.rules().writes {
        assert_eq!(adds_per_call, twin.adds_per_call);
    }
    adapter.clone()
}

/// The whole catalogue.
pub(super) fn listed(adapter: &dyn Adapter, twin: &mut Twin) -> Vec<CatalogueTag> {
    let mut listed = Vec::new();
    let mut call = Some(adapter.list());
    for page in 0.. {
        assert!(page < MOST_PAGES, "the pages do not end");
        let Some(asked) = call else { break };
        let answer = twin.answer(&asked, None);
        call = adapter.listed(page, &answer, &mut listed).unwrap();
    }
    listed
}

/// The whole set of the conversation.
pub(super) fn read(adapter: &dyn Adapter, twin: &mut Twin, catalogue: &Catalogue) -> Carried {
    let mut carried = Carried::default();
    let mut call = Some(adapter.read(CONVERSATION).unwrap());
    for page in 0.. {
        assert!(page < MOST_PAGES, "the pages do not end");
        let Some(asked) = call else { break };
        let answer = twin.answer(&asked, None);
        call = adapter
            .carried(CONVERSATION, page, &answer, &mut carried)
            .unwrap();
    }
    name_ids(&mut carried, catalogue);
    carried
}

/// Makes the tags, with what was made before in the catalogue; gives the catalogue as it is then.
pub(super) fn make(
    adapter: &dyn Adapter,
    twin: &mut Twin,
    creations: &[Arc<HeldTag>],
    mut catalogue: Vec<CatalogueTag>,
) -> (Vec<String>, Vec<CatalogueTag>) {
    let mut ids = Vec::new();
    for new in creations {
        let attributes = Attributes::default();
        let edit = Edit::Create {
            new,
            attributes: &attributes,
        };
        let first = adapter
            .before_edit(edit, &Catalogue::new(catalogue.clone()))
            .unwrap();
        let read = first.map(|call| twin.answer(&call, None));
        let call = adapter.edit(edit, read.as_ref()).unwrap().unwrap();
        let body = call.body.as_ref().unwrap().render(|_| None).unwrap();
        let answer = twin.answer(&call, Some(&body));
        let made = adapter.edited(edit, &answer).unwrap();
        assert_eq!(made.identity, new.identity);
        ids.push(made.id.clone().unwrap_or_default());
        catalogue.push(made);
    }
    (ids, catalogue)
}

/// Sends the plan; gives the number of writes.
pub(super) fn write(
    adapter: &dyn Adapter,
    twin: &mut Twin,
    made: &[String],
    goal: Goal<'_>,
) -> usize {
    let steps = adapter.write(CONVERSATION, goal).unwrap();
    for step in &steps {
        let id = |creation: usize| made.get(creation).map(String::as_str);
        let body = step.call.body.as_ref().map(|body| body.render(id).unwrap());
        twin.answer(&step.call, body.as_deref());
    }
    steps.len()
}
