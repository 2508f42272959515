//! The operations that call a vendor: how each is asked, what it writes, and what is so once it is done.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::client::Ask;

/// The conversation that every cell works on.
pub(super) const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-000000000001";

/// The catalogue at the start.
pub(super) const CATALOGUE: [&str; 4] = ["fresh", "kept", "old", "spare"];

/// What the conversation carries at the start.
pub(super) const CARRIED: [&str; 2] = ["kept", "old"];

/// One operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Add,
    Remove,
    Patch,
    Replace,
    Clear,
    PutOne,
    DeleteOne,
    Representation,
    CreateMissing,
    DryRun,
    ListTags,
    GetTag,
    CreateTag,
    PutTag,
    PatchTag,
    DeleteTag,
}

/// What a second arrival of a write would do, in the words of the retry table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// Nothing: it may be sent again.
    Again,
    /// It may undo or double something: it is sent once.
    Once,
}

/// What a vendor holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holds {
    /// The names of the tags on the conversation.
    pub(super) carried: BTreeSet<String>,
    /// Names and descriptions of the catalogue, in order; one that stands twice was made twice.
    pub(super) catalogue: Vec<(String, String)>,
}

impl Operation {
    pub(super) const ALL: [Self; 17] = [
        Self::Read,
        Self::Add,
        Self::Remove,
        Self::Patch,
        Self::Replace,
        Self::Clear,
        Self::PutOne,
        Self::DeleteOne,
        Self::Representation,
        Self::CreateMissing,
        Self::DryRun,
        Self::ListTags,
        Self::GetTag,
        Self::CreateTag,
        Self::PutTag,
        Self::PatchTag,
        Self::DeleteTag,
    ];

    pub(super) fn ask(self, route: &str) -> Ask {
        let set = format!("/v1/{route}/conversations/{CONVERSATION}/tags");
        let tags = format!("/v1/{route}/tags");
        let with = |ask: Ask, body: serde_json::Value| Ask {
            body: body.to_string(),
            ..ask
        };
        let both = json!({"add": ["fresh"], "remove": ["old"]});
        match self {
            Self::Read => Ask::new("GET", set),
            Self::Add => with(Ask::new("PATCH", set), json!({"add": ["fresh"]})),
            Self::Remove => with(Ask::new("PATCH", set), json!({"remove": ["old"]})),
            Self::Patch => with(Ask::new("PATCH", set), both),
            Self::Replace => with(Ask::new("PUT", set), json!({"tags": ["kept", "fresh"]})),
            Self::Clear => Ask::new("DELETE", set),
            Self::PutOne => Ask::new("PUT", format!("{set}/fresh")),
            Self::DeleteOne => Ask::new("DELETE", format!("{set}/old")),
            Self::Representation => Ask {
                headers: "prefer: return=representation\r\n".to_owned(),
                ..with(Ask::new("PATCH", set), json!({"add": ["fresh"]}))
            },
            Self::CreateMissing => Ask::new("PUT", format!("{set}/brand?create_missing=true")),
            Self::DryRun => with(Ask::new("PATCH", format!("{set}?dry_run=true")), both),
            Self::ListTags => Ask::new("GET", tags),
            Self::GetTag => Ask::new("GET", format!("{tags}/old")),
            Self::CreateTag => with(Ask::new("POST", tags), json!({"tag": "brand"})),
            Self::PutTag => Ask::new("PUT", format!("{tags}/brand")),
            Self::PatchTag => with(
                Ask::new("PATCH", format!("{tags}/old")),
                json!({"description": "later"}),
            ),
            Self::DeleteTag => Ask::new("DELETE", format!("{tags}/spare")),
        }
    }

    /// The status of a success.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::CreateTag | Self::PutTag => 201,
            Self::DeleteTag => 204,
            _ => 200,
        }
    }

    /// Whether it is there to change something.
    pub(super) fn changes(self) -> bool {
        !matches!(
            self,
            Self::Read | Self::DryRun | Self::ListTags | Self::GetTag
        )
    }

    /// Whether the vendor can do it at all.
    pub(super) fn is_possible(self, vendor: &str) -> bool {
        // A palette's tag cannot be changed.
        !(self == Self::PatchTag && vendor == "awardee")
    }

    /// The writes of its plan, in order; none for what only reads.
    pub(super) fn writes(self, vendor: &str) -> &'static [Write] {
        use Write::{Again, Once};
        let (one_by_one, keyed) = (vendor == "elevenlabs", vendor == "awardee");
        match self {
            Self::Read | Self::DryRun | Self::ListTags | Self::GetTag => &[],
            Self::PatchTag if keyed => &[],
            Self::PatchTag => &[Once],
            Self::DeleteTag => &[Again],
            Self::CreateTag | Self::PutTag if keyed => &[Again],
            Self::CreateTag | Self::PutTag => &[Once],
            Self::CreateMissing if one_by_one => &[Once, Again],
            Self::CreateMissing if keyed => &[Again, Once],
            Self::CreateMissing => &[Once, Once],
            Self::Patch | Self::Replace | Self::Clear if one_by_one => &[Again, Again],
            _ if one_by_one => &[Again],
            _ => &[Once],
        }
    }

    /// Whether its success shows what only the body of the vendor's answer to the write tells.
    pub(super) fn needs_the_body(self) -> bool {
        self == Self::PatchTag
    }

    /// Whether somebody looks what came of it where its last attempt leaves that open. An edit of a tag that is there
    /// is left to whoever asked.
    pub(super) fn is_looked_up(self) -> bool {
        !matches!(self, Self::PatchTag | Self::DeleteTag)
    }

    /// Whether it can be carried out without reading anything.
    pub(super) fn may_write_unread(self, vendor: &str) -> bool {
        // An empty set is an empty set whatever it was.
        self == Self::Clear && vendor == "awardee"
    }

    /// Whether nothing of it is done. Tags that were made for a change stay, whatever becomes of the change.
    pub(super) fn is_undone(self, before: &Holds, after: &Holds) -> bool {
        match self {
            Self::CreateMissing => before.carried == after.carried,
            _ => before == after,
        }
    }

    /// Whether all of it is done, and nothing else.
    pub(super) fn is_done(self, before: &Holds, after: &Holds) -> bool {
        *after == self.goal(before)
    }

    fn goal(self, before: &Holds) -> Holds {
        let mut goal = before.clone();
        let carried = &mut goal.carried;
        match self {
            Self::Read | Self::DryRun | Self::ListTags | Self::GetTag => {}
            Self::Add | Self::PutOne | Self::Representation => {
                carried.insert("fresh".to_owned());
            }
            Self::Remove | Self::DeleteOne => {
                carried.remove("old");
            }
            Self::Patch | Self::Replace => {
                carried.remove("old");
                carried.insert("fresh".to_owned());
            }
            Self::Clear => carried.clear(),
            Self::CreateMissing => {
                carried.insert("brand".to_owned());
                goal.with("brand");
            }
            Self::CreateTag | Self::PutTag => goal.with("brand"),
            Self::PatchTag => {
                for (name, description) in &mut goal.catalogue {
                    if name == "old" {
                        "later".clone_into(description);
                    }
                }
            }
            Self::DeleteTag => goal.catalogue.retain(|(name, _)| name != "spare"),
        }
        goal
    }
}

impl Holds {
    fn with(&mut self, name: &str) {
        self.catalogue.push((name.to_owned(), String::new()));
        self.catalogue.sort();
    }
}
