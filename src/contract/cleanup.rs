//! Takes the scratch tags away, from the conversation and from the catalogue.

use super::{
    Scope,
    session::{Session, Unreachable},
};
use adapters::{Carried, Catalogue, CatalogueTag, Edit, Element, Goal};
use serde::Serialize;

/// Most pages that are read.
const MAX_PAGES: usize = 1_000;

/// Something that could not be taken away.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What it is.
    pub what: String,
    /// Why it is still there.
    pub why: String,
}

/// Gives the conversation the tags that it had, and takes every tag of the prefix out of the catalogue.
///
/// # Errors
/// When the vendor does not answer any more.
pub(super) async fn clean(
    session: &Session,
    scope: &Scope,
    had: &Carried,
) -> Result<Vec<Left>, Unreachable> {
    let mut left = Vec::new();
    if let Err(why) = put_back(session, scope, had).await? {
        let what = format!("tags on {}", scope.conversation);
        left.push(Left { what, why });
    }
    let catalogue = match listed(session).await? {
        Ok(listed) => listed,
        Err(why) => {
            let what = "tags in the catalogue".to_owned();
            left.push(Left { what, why });
            return Ok(left);
        }
    };
    let scratch = |listed: &&CatalogueTag| listed.tag.name.starts_with(&scope.prefix);
    for tag in catalogue.iter().filter(scratch) {
        if let Err(why) = delete(session, tag).await? {
            let what = tag.tag.encode();
            left.push(Left { what, why });
        }
    }
    Ok(left)
}

async fn listed(session: &Session) -> Result<Result<Vec<CatalogueTag>, String>, Unreachable> {
    let mut listed = Vec::new();
    let mut next = Some(session.adapter.list());
    let mut page = 0;
    while let Some(call) = next {
        if page == MAX_PAGES {
            return Ok(Err(format!("it has more than {MAX_PAGES} pages")));
        }
        let answer = match session.call(&call).await? {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        next = match session.adapter.listed(page, &answer, &mut listed) {
            Ok(next) => next,
            Err(error) => return Ok(Err(error.to_string())),
        };
        page += 1;
    }
    Ok(Ok(listed))
}

/// What the conversation carries.
pub(super) async fn carried(
    session: &Session,
    conversation: &str,
) -> Result<Result<Carried, String>, Unreachable> {
    let adapter = &session.adapter;
    let mut carried = Carried::default();
    let mut next = match adapter.read(conversation) {
        Ok(call) => Some(call),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut page = 0;
    while let Some(call) = next {
        if page == MAX_PAGES {
            return Ok(Err(format!("it has more than {MAX_PAGES} pages")));
        }
        let answer = match session.call(&call).await? {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        next = match adapter.carried(conversation, page, &answer, &mut carried) {
            Ok(next) => next,
            Err(error) => return Ok(Err(error.to_string())),
        };
        page += 1;
    }
    Ok(Ok(carried))
}

async fn put_back(
    session: &Session,
    scope: &Scope,
    had: &Carried,
) -> Result<Result<(), String>, Unreachable> {
    let before = match carried(session, &scope.conversation).await? {
        Ok(before) => before,
        Err(why) => return Ok(Err(why)),
    };
    // Left by a run before this one.
    let is_scratch = |element: &&Element| match element {
        Element::Tag(held) => held.tag.name.starts_with(&scope.prefix),
        Element::Foreign { name, .. } => name.starts_with(&scope.prefix),
        Element::Unknown { .. } => false,
    };
    let after = had.0.iter().filter(|element| !is_scratch(element)).cloned();
    let after = Carried(after.collect());
    if before == after {
        return Ok(Ok(()));
    }
    let goal = Goal::Known {
        before: &before,
        after: &after,
    };
    let steps = match session.adapter.write(&scope.conversation, goal) {
        Ok(steps) => steps,
        Err(error) => return Ok(Err(error.to_string())),
    };
    for step in steps {
        if let Err(why) = session.call(&step.call).await? {
            return Ok(Err(why));
        }
    }
    Ok(Ok(()))
}

/// A label goes with its last option, so that another of its options may be gone already.
async fn delete(
    session: &Session,
    listed: &CatalogueTag,
) -> Result<Result<(), String>, Unreachable> {
    let adapter = &session.adapter;
    let edit = Edit::Delete { listed };
    let read = match adapter.before_edit(edit, &Catalogue::default()) {
        Ok(Some(call)) => match session.call(&call).await? {
            Ok(answer) => Some(answer),
            Err(why) => return Ok(Err(why)),
        },
        Ok(None) => None,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match adapter.edit(edit, read.as_ref()) {
        Ok(Some(call)) => Ok(session.call(&call).await?.map(|_| ())),
        Ok(None) => Ok(Ok(())),
        Err(error) => Ok(Err(error.to_string())),
    }
}
