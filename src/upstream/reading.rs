//! What a conversation carries, read to its end and named by the catalogue.

use super::{Account, CallContext, CallError, cache::unreadable};
use adapters::{Call, Carried, Catalogue, Element, name_ids};
use std::sync::Arc;

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
    /// Reads a conversation's set, all pages of it.
    ///
    /// # Errors
    /// Those of the calls; a set that is not understood whole is [`CallError::Body`].
    pub async fn read(
        &self,
        conversation: &str,
        context: &CallContext,
    ) -> Result<Reading, CallError> {
        let first = self
            .adapter
            .read(conversation)
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let mut carried = Carried::default();
        let mut calls = Vec::new();
        let mut next = Some(first);
        while let Some(call) = next {
            if calls.len() == MAX_PAGES {
                return Err(CallError::Body(format!(
                    "the conversation's tags have more than {MAX_PAGES} pages"
                )));
            }
            let answer = self.call(&call, None, context).await?;
            next = self
                .adapter
                .carried(conversation, calls.len(), &answer, &mut carried)
                .map_err(unreadable)?;
            calls.push(call);
        }
        Ok(Reading { carried, calls })
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
