//! The label catalogue of Attention.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use super::{
    super::{answer, shelf, target},
    Attention,
    refusal::Refusal,
    state::{Data, Label, LabelModel, options, time},
};
use crate::schema::Operation;

impl Attention {
    pub(super) fn list_labels(&self) -> Response<Bytes> {
        let labels: Vec<_> = self
            .labels
            .newest_first()
            .map(|(_, id, label)| self.model(id, label))
            .collect();
        answer::json(StatusCode::OK, &Data { data: labels })
    }

    /// There is no key that tells a repeat: a repeated create meets its own name and is a conflict.
    pub(super) fn create_label(
        &mut self,
        body: &Value,
        now_unix_ms: u64,
    ) -> Result<Response<Bytes>, Refusal> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        self.free(name, None)?;
        if self.labels.len() >= shelf::MOST_TAGS {
            return Err(Refusal::invalid(
                "the organisation holds as many labels as it can",
            ));
        }
        let id = self.ids.uuid();
        self.labels.put(&id, Label::read(name, body, now_unix_ms));
        self.get_label(&id, StatusCode::CREATED)
    }

    pub(super) fn get_label(
        &self,
        id: &str,
        status: StatusCode,
    ) -> Result<Response<Bytes>, Refusal> {
        let label = self
            .labels
            .get(id)
            .ok_or_else(|| Refusal::not_found("label"))?;
        Ok(answer::json(
            status,
            &Data {
                data: self.model(id, label),
            },
        ))
    }

    /// A member that is left out or null stays; an empty description clears it; a list of options replaces the whole.
    pub(super) fn update_label(
        &mut self,
        id: &str,
        body: &Value,
    ) -> Result<Response<Bytes>, Refusal> {
        let name = body.get("name").and_then(Value::as_str);
        let missing = || Refusal::not_found("label");
        if !self.labels.contains(id) {
            return Err(missing());
        }
        if let Some(name) = name {
            self.free(name, Some(id))?;
        }
        let label = self.labels.get_mut(id).ok_or_else(missing)?;
        if let Some(name) = name {
            label.name = name.to_owned();
        }
        if let Some(description) = body.get("description").and_then(Value::as_str) {
            label.description = description.to_owned();
        }
        if let Some(ai_flow) = body.get("aiFlow").and_then(Value::as_bool) {
            label.ai_flow = ai_flow;
        }
        if let Some(all_teams) = body.get("allTeams").and_then(Value::as_bool) {
            label.all_teams = all_teams;
        }
        if let Some(options) = options(body) {
            label.options = options;
        }
        self.get_label(id, StatusCode::OK)
    }

    pub(super) fn delete_label(&mut self, id: &str) -> Result<Response<Bytes>, Refusal> {
        self.labels
            .remove(id)
            .ok_or_else(|| Refusal::not_found("label"))?;
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    fn free(&self, name: &str, but: Option<&str>) -> Result<(), Refusal> {
        let taken = self
            .labels
            .newest_first()
            .any(|(_, id, label)| label.name == name && but != Some(id));
        if taken {
            Err(Refusal::name_taken())
        } else {
            Ok(())
        }
    }

    fn model<'a>(&'a self, uuid: &'a str, label: &'a Label) -> LabelModel<'a> {
        LabelModel {
            uuid,
            name: &label.name,
            description: &label.description,
            ai_flow: label.ai_flow,
            all_teams: label.all_teams,
            is_default_template: false,
            options: &label.options,
            organization_uuid: &self.organization.id,
            created_at: time(label.created_unix_ms),
        }
    }
}

/// A label in a request; the name is trimmed before it is judged.
pub(super) fn body(operation: &Operation, request: &Request<Bytes>) -> Result<Value, Refusal> {
    let mut body = target::body(request)?;
    if let Some(Value::String(name)) = body.get_mut("name") {
        *name = name.trim().to_owned();
    }
    target::check(operation, &body)?;
    Ok(body)
}
