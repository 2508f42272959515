//! What a conversation carries, read to its end and named by the catalogue.

use super::{Account, CallContext, CallError, cache::unreadable};
use crate::planted::{self, Bug};
use adapters::{Call, Carried, Catalogue, Element, name_ids};
use std::sync::Arc;

/// How often a set is read from its beginning because it changed between two pages.
const MAX_READINGS: usize = 3;

/// Most pages of one conversation's set.
const MAX_PAGES: usize = 100;

/// A conversation's set and the catalogue that names it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The set.
    pub carried: Carried,
    /// The calls that were made for it.
    pub calls: Vec<Call>,
}

impl Account {
    /// Reads a conversation's set, all pages of it. Where it changes between two pages it is read again from its
    /// beginning: what moved from one page to the other would be missing.
    ///
    /// # Errors
    /// Those of the calls; a set that is not understood whole is [`CallError::Body`].
    pub async fn read(
        &self,
        conversation: &str,
        context: &CallContext,
    ) -> Result<Reading, CallError> {
        for _ in 0..MAX_READINGS {
            if let Some(reading) = self.pages(conversation, context).await? {
                return Ok(match planted::is(Bug::CachedRead) {
                    true => planted::earlier(conversation, reading),
                    false => reading,
                });
            }
        }
        Err(CallError::Body(
            "the conversation's tags change faster than they can be read".to_owned(),
        ))
    }

    async fn pages(
        &self,
        conversation: &str,
        context: &CallContext,
    ) -> Result<Option<Reading>, CallError> {
        let first = self
            .adapter
            .read(conversation)
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let mut carried = Carried::default();
        let mut calls = Vec::new();
        let mut next = Some(first);
        let mut first_total = None;
        while let Some(call) = next {
            if calls.len() == MAX_PAGES {
                return Err(CallError::Body(format!(
                    "the conversation's tags have more than {MAX_PAGES} pages"
                )));
            }
            let answer = match self.call(&call, None, context).await {
                Err(CallError::Body(_)) if planted::is(Bug::HalfRead) => break,
                answer => answer?,
            };
            let total = self.adapter.total(&answer).map_err(unreadable)?;
            if *first_total.get_or_insert(total) != total {
                return Ok(None);
            }
            next = self
                .adapter
                .carried(conversation, calls.len(), &answer, &mut carried)
                .map_err(unreadable)?;
            calls.push(call);
        }
        Ok(Some(Reading { carried, calls }))
    }

    /// Gives the ids of a set their tags, with a newer catalogue if one is not known.
    ///
    /// # Errors
    /// Those of reading the catalogue.
    pub async fn name(
        &self,
        carried: &mut Carried,
        catalogue: Arc<Catalogue>,
        context: &CallContext,
    ) -> Result<Arc<Catalogue>, CallError> {
        name_ids(carried, &catalogue);
        if !carried
            .0
            .iter()
            .any(|element| matches!(element, Element::Unknown { .. }))
        {
            return Ok(catalogue);
        }
        let newer = self.catalogue_after_miss(&catalogue, context).await?;
        name_ids(carried, &newer);
        Ok(newer)
    }
}
