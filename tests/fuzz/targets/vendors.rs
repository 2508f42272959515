//! Each vendor's decoder: whatever a vendor answers is refused or understood, and never leads to a call that is not
//! the vendor's. The first byte chooses the question, the rest is the answer: its body, or lines of headers, an empty
//! line and a body where the answer is an error.

use adapters::{
    Adapter, Answer, Attributes, Call, Carried, Catalogue, Change, Edit, Element, Folding, Goal,
    Handle, HeldTag, RemoveRef, State, Tag, TagRef, VENDORS, Written, name_ids,
    path::check_id,
    reader::{Keep, Limits, project},
    settings::{SettingKind, SettingValue, Settings},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use tagway::{
    gateway::compile,
    schema::{Document, Found},
    upstream::Base,
};

const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-000000000001";

pub(super) fn elevenlabs(data: &[u8]) {
    run("elevenlabs", data);
}

pub(super) fn awardee(data: &[u8]) {
    run("awardee", data);
}

pub(super) fn attention(data: &[u8]) {
    run("attention", data);
}

type Known = (Arc<dyn Adapter>, Document);

/// The adapter of a vendor, with the settings that hold where nobody writes any, and the vendor's document.
pub(super) fn adapter(name: &str) -> &'static Known {
    static KNOWN: OnceLock<BTreeMap<&str, Known>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let build = |vendor: &&'static adapters::Vendor| {
            let document = compile(vendor, vendor.document).expect("the vendored document");
            let settings: Settings = vendor
                .settings
                .iter()
                .map(|setting| {
                    let value = match setting.kind {
                        SettingKind::Bool { default } => SettingValue::Bool(default),
                        SettingKind::Text { default, .. } | SettingKind::Choice { default, .. } => {
                            SettingValue::Text(default.to_owned())
                        }
                    };
                    (setting.name, value)
                })
                .collect();
            (
                vendor.name,
                ((vendor.build)(&settings, document.value()), document),
            )
        };
        VENDORS.iter().map(build).collect()
    });
    &known[name]
}

/// Header lines; what cannot be a header is left out.
pub(super) fn headers(lines: &[u8]) -> HeaderMap {
    let lines = lines.split(|byte| *byte == b'\n');
    let pairs = lines.filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..at)?, line.get(at + 1..)?);
        Some((
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value.trim_ascii()).ok()?,
        ))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.take(50) {
        headers.append(name, value);
    }
    headers
}

fn run(vendor: &str, data: &[u8]) {
    let Some((question, body)) = data.split_first() else {
        return;
    };
    let (adapter, document) = adapter(vendor);
    let world = World { adapter, document };
    match question % 5 {
        0 => world.list(body),
        1 => world.carried(body),
        2 => world.written(body),
        3 => world.problem(*question, body),
        _ => world.edited(body),
    }
}

struct World<'a> {
    adapter: &'a Arc<dyn Adapter>,
    document: &'a Document,
}

impl World<'_> {
    fn answer(&self, keep: Keep, body: &[u8]) -> Option<Answer> {
        Some(Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: project(keep, Limits::default(), body).ok()?,
        })
    }

    fn list(&self, body: &[u8]) {
        let Some(answer) = self.answer(self.adapter.list().keep, body) else {
            return;
        };
        let _ = self.adapter.total(&answer);
        for page in [0, 1] {
            let mut listed = Vec::new();
            if let Ok(next) = self.adapter.listed(page, &answer, &mut listed) {
                next.iter().for_each(|next| self.is_proper(next));
                self.delete_all(&Catalogue::new(listed));
            }
        }
    }

    /// Ids that a vendor lists go back into its URLs, or nowhere.
    fn delete_all(&self, catalogue: &Catalogue) {
        for listed in catalogue.tags() {
            let edit = Edit::Delete { listed };
            if let Ok(Some(call)) = self.adapter.before_edit(edit, catalogue) {
                self.is_proper(&call);
            } else if let Ok(Some(call)) = self.adapter.edit(edit, None) {
                self.is_proper(&call);
            }
        }
    }

    fn carried(&self, body: &[u8]) {
        let first = self.adapter.read(CONVERSATION).expect("the id is sound");
        let Some(answer) = self.answer(first.keep, body) else {
            return;
        };
        let _ = self.adapter.total(&answer);
        let mut carried = Carried::default();
        let read = self.adapter.carried(CONVERSATION, 0, &answer, &mut carried);
        let Ok(next) = read else { return };
        next.iter().for_each(|next| self.is_proper(next));
        let known = Catalogue::new([]);
        name_ids(&mut carried, &known);
        let new = TagRef::Tag(Tag::valued("new", "1"));
        let one = carried
            .tags()
            .next()
            .map(|held| TagRef::Tag(held.tag.clone()));
        let removes: Vec<RemoveRef> = one.into_iter().map(RemoveRef::Tag).collect();
        for change in [
            Change::Patch {
                add: vec![new.clone()],
                remove: vec![],
            },
            Change::Patch {
                add: vec![],
                remove: removes,
            },
            Change::Replace(vec![new]),
            Change::Replace(vec![]),
        ] {
            self.change(&carried, &known, &change);
        }
    }

    fn change(&self, before: &Carried, catalogue: &Catalogue, change: &Change) {
        let mut folding = Folding::known(self.adapter.rules(), catalogue, before.clone());
        if folding.apply(change, true).is_err() {
            return;
        }
        let State::Known(after) = folding.state() else {
            panic!("a set that was read stays known")
        };
        let foreign = |carried: &Carried| {
            let foreign = |element: &&Element| matches!(element, Element::Foreign { .. });
            carried
                .0
                .iter()
                .filter(foreign)
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(foreign(before), foreign(after), "what is no tag is kept");
        let Ok(steps) = self
            .adapter
            .write(CONVERSATION, Goal::Known { before, after })
        else {
            let ids = before.0.iter().chain(&after.0).filter_map(Element::id);
            let bad = ids.filter(|id| check_id(id).is_err()).count();
            assert!(
                bad > 0,
                "only an id that is not sound keeps a change from being planned"
            );
            return;
        };
        for step in steps {
            self.is_proper(&step.call);
        }
    }

    fn written(&self, body: &[u8]) {
        let Some(answer) = self.answer(Keep::Everything, body) else {
            return;
        };
        if let Ok(Written::Proven(carried) | Written::Shown(carried)) =
            self.adapter.written(CONVERSATION, &answer)
        {
            self.change(&carried, &Catalogue::new([]), &Change::Replace(vec![]));
        }
    }

    fn problem(&self, question: u8, text: &[u8]) {
        let end = text.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = text.split_at(end.map_or(0, |end| end + 1));
        let status = 300 + u16::from(question) % 200;
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: headers(head),
            body: body.trim_ascii_start().to_vec(),
        };
        let said = self.adapter.problem(&answer);
        assert_eq!(said.status, answer.status);
    }

    fn edited(&self, body: &[u8]) {
        let Some(answer) = self.answer(Keep::Everything, body) else {
            return;
        };
        let new = HeldTag::new(Tag::valued("new", "1"), Handle::Name);
        let attributes = Attributes::default();
        let edit = Edit::Create {
            new: &new,
            attributes: &attributes,
        };
        if let Ok(Some(call)) = self.adapter.edit(edit, Some(&answer)) {
            self.is_proper(&call);
        }
        if let Ok(made) = self.adapter.edited(edit, &answer) {
            self.delete_all(&Catalogue::new([made]));
        }
    }

    /// A call is one of the vendor's, at the vendor's own address, and its body is what the document says.
    fn is_proper(&self, call: &Call) {
        let vendor = self.adapter.vendor();
        let base = Base::parse(vendor.base_url).expect("the vendor's base URL");
        let url = base.url(call).expect("a URL below the base");
        assert!(
            vendor.hosts.contains(&url.host().unwrap_or_default()),
            "{url}"
        );
        match self.document.find(&call.method, call.path.as_str()) {
            Found::Operation(found, _) => assert_eq!(found.id(), call.operation, "{url}"),
            _ => panic!("{url} is no operation"),
        }
        let Some(body) = &call.body else { return };
        let body = body
            .render(|_| Some("id-that-comes"))
            .expect("a whole body");
        let operation = self.document.operation(call.operation);
        let check = operation.and_then(|operation| operation.request());
        // What the parser cannot hold (a number out of range) is kept as received.
        if let (Some(check), Ok(value)) = (check, serde_json::from_slice::<Value>(&body)) {
            // An id of another shape than the document's is the vendor's own; what holds it is not sent.
            let mut violations = check.violations(&value);
            violations.retain(|violation| !violation.pointer.starts_with("/tag_ids/"));
            assert_eq!(violations, [], "{value}");
        }
    }
}
