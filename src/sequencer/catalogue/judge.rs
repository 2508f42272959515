//! What an edit may not ask, and how its caller is told.

use super::EditJob;
use crate::{
    answers::CatalogueAnswer,
    config::OnLoss,
    error::{Code, Error, Outcome},
};
use adapters::{CatalogueTag, Tag};

/// Takes out what the vendor has no place for, where the operator allows that.
pub(super) fn lose(
    job: &EditJob,
    take: impl FnOnce(&adapters::Rules) -> Vec<&'static str>,
) -> Result<Vec<&'static str>, Error> {
    let lost = take(job.route.account.adapter.rules());
    match (job.route.on_loss, lost.first()) {
        (OnLoss::Refuse, Some(_)) => {
            let error = Error::new(
                Code::UnsupportedByVendor,
                "the vendor's catalogue has no place for this",
            )
            .outcome(Outcome::NotApplied);
            Err(lost.iter().fold(error, |error, member| {
                error.at(format!("/{member}"), "the vendor's tags have none")
            }))
        }
        _ => Ok(lost),
    }
}

/// A changed text as the vendor may hold it.
pub(super) fn checked(job: &EditJob, tag: &Tag) -> Result<Tag, Error> {
    let rules = job.route.account.adapter.rules();
    rules
        .not_the_flag(tag)
        .map_err(|why| unsupported("/value", &why))?;
    rules.new_tags.check(tag).map_err(|why| improper(&why))
}

/// A text that is not a proper tag's.
pub(super) fn improper(why: &str) -> Error {
    let pointer = if why.starts_with("the value") {
        "/value"
    } else {
        "/name"
    };
    Error::new(Code::InvalidRequest, "the tag is not a proper one")
        .at(pointer, why)
        .outcome(Outcome::NotApplied)
}

pub(super) fn check_description(job: &EditJob, description: Option<&str>) -> Result<(), Error> {
    let limit = job.route.account.adapter.rules().catalogue.description;
    match (description.map(|text| text.chars().count()), limit) {
        (Some(length), Some(limit)) if length > limit => {
            Err(
                Error::new(Code::InvalidRequest, "the description is too long").at(
                    "/description",
                    format!("a description has at most {limit} characters, this one {length}"),
                ),
            )
        }
        _ => Ok(()),
    }
}

pub(super) fn exists(there: &CatalogueTag) -> Error {
    Error::new(Code::TagExists, "the catalogue has a tag of this text")
        .with("existing", CatalogueAnswer::of(there))
        .outcome(Outcome::NotApplied)
}

pub(super) fn unsupported(pointer: impl Into<String>, why: &str) -> Error {
    Error::new(Code::UnsupportedByVendor, "the vendor cannot do this")
        .at(pointer, why)
        .outcome(Outcome::NotApplied)
}
