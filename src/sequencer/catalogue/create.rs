//! Making a tag, or making sure of one.

use super::{
    EditJob, Edited, Editing, TagUpdate, find,
    judge::{check_description, exists, improper, lose, unsupported},
    one, planned,
    update::change,
};
use crate::{error::Error, sequencer::creating::create_locked};
use adapters::{
    Attributes, Catalogue, Edit, Handle, HeldTag, Identity, Naming, NewTagError, Tag, TagRef,
};

pub(super) async fn create(
    job: &EditJob,
    tag: &Tag,
    attributes: &Attributes,
    names: &Editing<'_>,
) -> Result<Edited, Error> {
    let mut attributes = attributes.clone();
    let lost = lose(job, |rules| rules.take_lost(&mut attributes))?;
    check_description(job, attributes.description.as_deref())?;
    let mut name = names
        .lock(
            job.route.account.order_key(),
            &adapters::fold(&tag.name),
            job.deadline,
        )
        .await?;
    let context = job.context();
    let catalogue = job
        .route
        .account
        .catalogue(&context)
        .await
        .map_err(|error| job.failed(&error))?;
    let there = catalogue.matching(&Identity::of(tag)).next();
    if let Some(there) = there {
        // The earlier attempt of a repeated request would have been refused had the tag been there before it.
        return match names.resumes {
            true => Ok(Edited::Made(there.clone(), lost)),
            false => Err(exists(there)),
        };
    }
    let new = new_tag(job, tag, &catalogue)?;
    if job.dry_run {
        return planned(
            job,
            Edit::Create {
                new: &new,
                attributes: &attributes,
            },
            &catalogue,
            lost,
        )
        .await;
    }
    names.begin_write().await?;
    match create_locked(
        &job.route.account,
        &job.writing_context(),
        &new,
        &attributes,
        &mut name,
    )
    .await?
    {
        (made, true) => Ok(Edited::Made(made, lost)),
        (there, false) => Err(exists(&there)),
    }
}

pub(super) async fn ensure(
    job: &EditJob,
    reference: &TagRef,
    asked: &TagUpdate,
    names: &Editing<'_>,
) -> Result<Edited, Error> {
    let tag = match reference {
        TagRef::Tag(tag) => tag,
        // An id is the vendor's to give, so only a tag that is there can be meant.
        TagRef::Id(_) => {
            let (_, listed) = find(job, reference).await?;
            return change(job, &listed, asked, names).await;
        }
    };
    let mut new_attributes = Attributes {
        description: asked.description.clone().flatten(),
        color: asked.color.clone().flatten(),
    };
    let lost = lose(job, |rules| rules.take_lost(&mut new_attributes))?;
    check_description(job, new_attributes.description.as_deref())?;
    let listed = {
        let mut name = names
            .lock(
                job.route.account.order_key(),
                &adapters::fold(&tag.name),
                job.deadline,
            )
            .await?;
        let context = job.context();
        let catalogue = job
            .route
            .account
            .catalogue(&context)
            .await
            .map_err(|error| job.failed(&error))?;
        match one(&catalogue, reference)? {
            Some(listed) => listed,
            None => {
                let new = new_tag(job, tag, &catalogue)?;
                if job.dry_run {
                    let edit = Edit::Create {
                        new: &new,
                        attributes: &new_attributes,
                    };
                    return planned(job, edit, &catalogue, lost).await;
                }
                names.begin_write().await?;
                match create_locked(
                    &job.route.account,
                    &job.writing_context(),
                    &new,
                    &new_attributes,
                    &mut name,
                )
                .await?
                {
                    (made, true) => return Ok(Edited::Made(made, lost)),
                    (there, false) => there,
                }
            }
        }
    };
    change(job, &listed, asked, names).await
}

/// A new tag as the vendor spells it.
fn new_tag(job: &EditJob, tag: &Tag, catalogue: &Catalogue) -> Result<HeldTag, Error> {
    let rules = job.route.account.adapter.rules();
    let tag = rules
        .new_tag(tag, catalogue, &[])
        .map_err(|error| match error {
            NewTagError::Improper(why) => improper(&why),
            NewTagError::Unsupported(why) => unsupported("/value", &why),
        })?;
    let handle = match &rules.naming {
        Naming::Ids => Handle::Created(0),
        Naming::Labels { .. } => Handle::Name,
    };
    Ok(HeldTag::new(tag, handle))
}
