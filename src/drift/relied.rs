//! What is relied on in answers, found out: the adapter reads answers of the twin that were changed.

use crate::mock::{Options, Served, TWINS};
use adapters::{
    Adapter, Answer, Attributes, Call, Carried, Catalogue, CatalogueTag, Edit, Element, Goal,
    Handle, HeldTag, Naming, Tag, Unreadable, Update, Vendor,
    reader::{Limits, project},
    settings::Settings,
};
use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;
use std::sync::Arc;

/// The conversation that is tagged; every vendor takes it for an id.
const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

/// The twin's time, in milliseconds since 1970; any will do.
const NOW: u64 = 1_790_000_000_000;

/// Answers that the adapter has read, each with how it is read.
pub(super) struct Samples {
    adapter: Arc<dyn Adapter>,
    taken: Vec<Sample>,
}

/// How an answer is changed at a place.
pub(super) enum Change {
    /// The member is missing; at the root, the whole body.
    Remove,
    /// Something else stands there.
    Set(Value),
}

struct Sample {
    operation: &'static str,
    answer: Answer,
    reading: Reading,
}

/// What an answer is read as.
#[derive(Clone)]
enum Reading {
    Listed,
    Carried,
    Written,
    Made(HeldTag),
    Changed(CatalogueTag, Update),
    Deleted,
    /// Read before the edit is planned.
    BeforeMaking(HeldTag),
    BeforeChanging(CatalogueTag, Update),
    BeforeDeleting(CatalogueTag),
}

impl Samples {
    /// Leads the adapter once through everything that it can do, against the twin.
    ///
    /// # Errors
    /// When the two do not understand each other.
    pub(super) fn take(vendor: &'static Vendor, settings: &Settings) -> Result<Self, String> {
        let document: Value =
            serde_json::from_str(vendor.document).map_err(|error| error.to_string())?;
        let kind = TWINS
            .iter()
            .find(|kind| kind.name == vendor.name)
            .ok_or("the vendor has no twin")?;
        let twin = Served::new(kind, Options::default()).map_err(|error| error.to_string())?;
        let mut tour = Tour {
            samples: Self {
                adapter: (vendor.build)(settings, &document),
                taken: Vec::new(),
            },
            twin,
            base: vendor.base_url,
        };
        tour.run()
            .map_err(|error| format!("the twin's answer is not understood: {error}"))?;
        Ok(tour.samples)
    }

    /// Whether there is an answer of the operation.
    #[cfg(test)]
    pub(super) fn covers(&self, operation: &str) -> bool {
        self.taken
            .iter()
            .any(|sample| sample.operation == operation)
    }

    /// Whether a change at this place of the operation's answers is one that the adapter cannot read. A place that no
    /// answer has is not relied on.
    pub(super) fn breaks(&self, operation: &str, pointer: &str, change: &Change) -> bool {
        self.taken
            .iter()
            .filter(|sample| sample.operation == operation)
            .filter_map(|sample| {
                let mut answer = sample.answer.clone();
                answer.body = changed(&answer.body, pointer, change)?;
                Some(sample.reading.read(&*self.adapter, &answer).is_err())
            })
            .any(|fails| fails)
    }
}

impl Reading {
    fn read(&self, adapter: &dyn Adapter, answer: &Answer) -> Result<(), Unreadable> {
        let planned = |edit: Edit<'_>| {
            let call = adapter.edit(edit, Some(answer));
            call.map(|_| ()).map_err(Unreadable::because)
        };
        let nothing = Attributes::default();
        match self {
            Self::Listed => {
                adapter.total(answer)?;
                adapter.listed(0, answer, &mut Vec::new()).map(|_| ())
            }
            Self::Carried => {
                let mut carried = Carried::default();
                adapter
                    .carried(CONVERSATION, 0, answer, &mut carried)
                    .map(|_| ())
            }
            Self::Written => adapter.written(CONVERSATION, answer).map(|_| ()),
            Self::Made(new) => {
                let attributes = &nothing;
                adapter
                    .edited(Edit::Create { new, attributes }, answer)
                    .map(|_| ())
            }
            Self::Changed(listed, update) => adapter
                .edited(Edit::Update { listed, update }, answer)
                .map(|_| ()),
            // A delete is judged by its status.
            Self::Deleted => Ok(()),
            Self::BeforeMaking(new) => {
                let attributes = &nothing;
                planned(Edit::Create { new, attributes })
            }
            Self::BeforeChanging(listed, update) => planned(Edit::Update { listed, update }),
            Self::BeforeDeleting(listed) => planned(Edit::Delete { listed }),
        }
    }
}

/// The way through everything that an adapter can do.
struct Tour {
    samples: Samples,
    twin: Arc<Served>,
    base: &'static str,
}

impl Tour {
    fn run(&mut self) -> Result<(), Unreadable> {
        let adapter = self.samples.adapter.clone();
        let mut catalogue = Catalogue::default();
        for tag in [
            Tag::bare("drift"),
            Tag::valued("stage", "old"),
            Tag::valued("stage", "new"),
        ] {
            let made = self.make(tag, &catalogue)?;
            catalogue.insert(made);
        }
        let answer = self.taken(&adapter.list(), &Reading::Listed)?;
        let mut listed = Vec::new();
        adapter.listed(0, &answer, &mut listed)?;

        let before = self.carried()?;
        let held = listed.iter().map(|listed| {
            let handle = match (&adapter.rules().naming, &listed.id) {
                (Naming::Ids, Some(id)) => Handle::Id(id.clone()),
                _ => Handle::Name,
            };
            Element::from(HeldTag::new(listed.tag.clone(), handle))
        });
        let one_value = held.filter(|one| {
            one.tag()
                .is_some_and(|held| held.tag.value.as_deref() != Some("old"))
        });
        let after = Carried(one_value.collect());
        self.write(&before, &after)?;
        let full = self.carried()?;
        self.write(&full, &Carried::default())?;

        if adapter.rules().catalogue.update {
            for listed in &listed {
                let update = Update {
                    description: Some(Some("drift".to_owned())),
                    ..Update::default()
                };
                self.change(listed, &update, &catalogue)?;
            }
        }
        for listed in &listed {
            self.delete(listed, &catalogue)?;
        }
        Ok(())
    }

    fn make(&mut self, tag: Tag, catalogue: &Catalogue) -> Result<CatalogueTag, Unreadable> {
        let adapter = self.samples.adapter.clone();
        let new = HeldTag::new(tag, Handle::Name);
        let attributes = Attributes::default();
        let edit = Edit::Create {
            new: &new,
            attributes: &attributes,
        };
        let reading = Reading::BeforeMaking(new.clone());
        let answer = self.edit(edit, catalogue, &reading, &Reading::Made(new.clone()))?;
        let answer = answer.ok_or_else(|| Unreadable::because("it is there already"))?;
        adapter.edited(edit, &answer)
    }

    fn change(
        &mut self,
        listed: &CatalogueTag,
        update: &Update,
        catalogue: &Catalogue,
    ) -> Result<(), Unreadable> {
        let owned = || (listed.clone(), update.clone());
        let (before, after) = (owned(), owned());
        let before = Reading::BeforeChanging(before.0, before.1);
        let after = Reading::Changed(after.0, after.1);
        self.edit(Edit::Update { listed, update }, catalogue, &before, &after)
            .map(|_| ())
    }

    fn delete(&mut self, listed: &CatalogueTag, catalogue: &Catalogue) -> Result<(), Unreadable> {
        let before = Reading::BeforeDeleting(listed.clone());
        self.edit(
            Edit::Delete { listed },
            catalogue,
            &before,
            &Reading::Deleted,
        )
        .map(|_| ())
    }

    fn edit(
        &mut self,
        edit: Edit<'_>,
        catalogue: &Catalogue,
        before: &Reading,
        after: &Reading,
    ) -> Result<Option<Answer>, Unreadable> {
        let adapter = self.samples.adapter.clone();
        let read = match adapter
            .before_edit(edit, catalogue)
            .map_err(Unreadable::because)?
        {
            Some(call) => Some(self.taken(&call, before)?),
            None => None,
        };
        match adapter
            .edit(edit, read.as_ref())
            .map_err(Unreadable::because)?
        {
            Some(call) => self.taken(&call, after).map(Some),
            None => Ok(None),
        }
    }

    fn carried(&mut self) -> Result<Carried, Unreadable> {
        let adapter = self.samples.adapter.clone();
        let call = adapter.read(CONVERSATION).map_err(Unreadable::because)?;
        let answer = self.taken(&call, &Reading::Carried)?;
        let mut carried = Carried::default();
        adapter.carried(CONVERSATION, 0, &answer, &mut carried)?;
        Ok(carried)
    }

    fn write(&mut self, before: &Carried, after: &Carried) -> Result<(), Unreadable> {
        let adapter = self.samples.adapter.clone();
        let goal = Goal::Known { before, after };
        let steps = adapter
            .write(CONVERSATION, goal)
            .map_err(Unreadable::because)?;
        for step in steps {
            self.taken(&step.call, &Reading::Written)?;
        }
        Ok(())
    }

    /// Makes the call and keeps the answer, if it is one that is read as expected.
    fn taken(&mut self, call: &Call, reading: &Reading) -> Result<Answer, Unreadable> {
        let body = match &call.body {
            Some(body) => body.render(|_| None).unwrap_or_default(),
            None => Bytes::new(),
        };
        let base: http::Uri = self.base.parse().map_err(Unreadable::because)?;
        let mut target = format!(
            "{}{}",
            base.path().trim_end_matches('/'),
            call.path.as_str()
        );
        if !call.query.is_empty() {
            target = format!("{target}?{}", call.query);
        }
        let (name, value) = self.samples.adapter.credential("drift");
        let request = Request::builder()
            .method(call.method.clone())
            .uri(target)
            .header(header::CONTENT_TYPE, "application/json")
            .header(name, value)
            .body(body)
            .map_err(Unreadable::because)?;
        let (head, body) = self.twin.call(request, NOW).into_parts();
        if !head.status.is_success() {
            return Err(Unreadable::because(format!(
                "{} answers {}",
                call.operation, head.status
            )));
        }
        let body = match body.is_empty() {
            true => Vec::new(),
            false => project(call.keep, Limits::default(), &body).map_err(Unreadable::because)?,
        };
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body,
        };
        reading.read(&*self.samples.adapter, &answer)?;
        self.samples.taken.push(Sample {
            operation: call.operation,
            answer: answer.clone(),
            reading: reading.clone(),
        });
        Ok(answer)
    }
}

/// The body with the change at a place, in the first element of each list on the way; `None` where the body has no
/// such place.
fn changed(body: &[u8], pointer: &str, change: &Change) -> Option<Vec<u8>> {
    if pointer.is_empty() {
        return Some(match change {
            Change::Remove => Vec::new(),
            Change::Set(value) => value.to_string().into_bytes(),
        });
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let (parent, name) = pointer.rsplit_once('/')?;
    let place = value.pointer_mut(&parent.replace("/*", "/0"))?;
    match (place, change) {
        (Value::Object(members), Change::Remove) => {
            members.remove(name)?;
        }
        (Value::Object(members), Change::Set(new)) => {
            *members.get_mut(name)? = new.clone();
        }
        (Value::Array(items), Change::Set(new)) => *items.first_mut()? = new.clone(),
        _ => return None,
    }
    Some(value.to_string().into_bytes())
}
