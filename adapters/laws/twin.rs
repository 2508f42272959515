//! The vendors as small machines of one conversation, written from their documents.

use super::raw;
use crate::{Answer, Call, reader};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The id of the conversation; it has to be encoded in a path.
pub(super) const CONVERSATION: &str = "conv 1é";

/// Pages are this small, so that small sets have several.
const PAGE: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    ElevenLabs,
    Awardee,
    Attention,
}

/// A tag, or a label with its options.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) options: Vec<String>,
    /// Made after the gateway has listed the catalogue.
    pub(super) is_fresh: bool,
}

/// What the conversation carries: an id, or the text of a map entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    Id(String),
    Entry(String, String),
}

#[derive(Clone, Debug)]
pub(super) struct Twin {
    pub(super) kind: Kind,
    pub(super) adds_per_call: usize,
    pub(super) catalogue: Vec<Listed>,
    pub(super) rows: Vec<Row>,
}

impl Twin {
    /// Does what the call asks; what the vendor would refuse fails the test.
    pub(super) fn answer(&mut self, call: &Call, body: Option<&[u8]>) -> Answer {
        let path: Vec<String> = call.path.as_str().split('/').map(decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let body = body.map(|bytes| std::str::from_utf8(bytes).unwrap());
        let at = (call.method.as_str(), &path[1..]);
        let answer = match self.kind {
            Kind::ElevenLabs => self.elevenlabs(at, &call.query, body),
            Kind::Awardee => self.awardee(at, &call.query, body),
            Kind::Attention => self.attention(at, body),
        };
        let (status, body) = match answer {
            None => (StatusCode::NO_CONTENT, Vec::new()),
            Some(text) => {
                let kept = reader::project(call.keep, reader::Limits::default(), text.as_bytes());
                (StatusCode::OK, kept.unwrap())
            }
        };
        Answer {
            status,
            headers: HeaderMap::new(),
            body,
        }
    }

    fn elevenlabs(
        &mut self,
        at: (&str, &[&str]),
        query: &str,
        body: Option<&str>,
    ) -> Option<String> {
        match at {
            ("GET", ["v1", "convai", "tags"]) => {
                let from = parameter(query, "cursor").unwrap_or(0);
                let listed: Vec<&Listed> = self.catalogue.iter().filter(|t| !t.is_fresh).collect();
                let page = listed.iter().skip(from).take(PAGE).map(|tag| title(tag));
                let page: Vec<Value> = page.collect();
                let has_more = from + PAGE < listed.len();
                let cursor = (from + PAGE).to_string();
                // The vendor's example has a cursor on the last page too.
                Some(
                    json!({"conversation_tags": page, "has_more": has_more, "next_cursor": cursor})
                        .to_string(),
                )
            }
            ("POST", ["v1", "convai", "tags"]) => {
                let body: Value = serde_json::from_str(body.unwrap()).unwrap();
                let made = self.make(body["title"].as_str().unwrap(), Vec::new());
                Some(title(made).to_string())
            }
            ("GET", ["v1", "convai", "conversations", CONVERSATION]) => {
                let transcript = [json!({"role": "user", "tag_ids": ["no"]})];
                let ids = self.ids();
                Some(json!({"transcript": transcript, "tag_ids": ids, "conversation_id": CONVERSATION}).to_string())
            }
            ("POST", ["v1", "convai", "conversations", CONVERSATION, "tags"]) => {
                let ids = sent_ids(body.unwrap());
                assert!((1..=self.adds_per_call).contains(&ids.len()), "{ids:?}");
                for id in ids {
                    assert!(self.catalogue.iter().any(|tag| tag.id == id), "no tag {id}");
                    if !self.rows.contains(&Row::Id(id.clone())) {
                        self.rows.push(Row::Id(id));
                    }
                }
                None
            }
            ("DELETE", ["v1", "convai", "conversations", CONVERSATION, "tags", id]) => {
                assert!(body.is_none());
                self.rows.retain(|row| *row != Row::Id((*id).to_owned()));
                None
            }
            _ => panic!("no such operation: {at:?}"),
        }
    }

    fn awardee(&mut self, at: (&str, &[&str]), query: &str, body: Option<&str>) -> Option<String> {
        let page = parameter(query, "page").unwrap_or(1);
        match at {
            ("GET", ["conversation-tags"]) => {
                let listed = self.catalogue.iter().filter(|tag| !tag.is_fresh);
                Some(page_of(&listed.map(named).collect::<Vec<_>>(), page))
            }
            ("POST", ["conversation-tags"]) => {
                let body: Value = serde_json::from_str(body.unwrap()).unwrap();
                Some(named(self.make(body["name"].as_str().unwrap(), Vec::new())).to_string())
            }
            ("GET", ["conversations", CONVERSATION, "tags"]) => {
                Some(page_of(&self.carried(), page))
            }
            ("PUT", ["conversations", CONVERSATION, "tags"]) => {
                let ids = sent_ids(body.unwrap());
                assert!(
                    (1..ids.len()).all(|at| !ids[..at].contains(&ids[at])),
                    "{ids:?}"
                );
                self.rows = ids.into_iter().map(Row::Id).collect();
                Some(page_of(&self.carried(), 1))
            }
            _ => panic!("no such operation: {at:?}"),
        }
    }

    fn attention(&mut self, at: (&str, &[&str]), body: Option<&str>) -> Option<String> {
        match at {
            ("GET", ["labels"]) => {
                let labels: Vec<Value> = self.catalogue.iter().map(label).collect();
                Some(json!({"data": labels}).to_string())
            }
            ("POST", ["labels"]) => {
                let body: Value = serde_json::from_str(body.unwrap()).unwrap();
                let made = self.make(body["name"].as_str().unwrap(), options(&body));
                Some(json!({"data": label(made)}).to_string())
            }
            ("GET", ["labels", id]) => {
                let known = self.catalogue.iter().find(|label| label.id == *id).unwrap();
                Some(json!({"data": label(known)}).to_string())
            }
            ("PATCH", ["labels", id]) => {
                let body: Value = serde_json::from_str(body.unwrap()).unwrap();
                let known = self
                    .catalogue
                    .iter_mut()
                    .find(|label| label.id == *id)
                    .unwrap();
                known.options = options(&body);
                Some(json!({"data": label(known)}).to_string())
            }
            ("GET", ["conversations", CONVERSATION]) => Some(self.conversation()),
            ("PUT", ["conversations", CONVERSATION, "labels"]) => {
                let body = body.unwrap();
                assert_eq!(raw::member(body, "skip_analysis"), "true");
                let rows = raw::members(&raw::member(body, "labels")).into_iter();
                self.rows = rows.map(|(key, value)| Row::Entry(key, value)).collect();
                Some(self.conversation())
            }
            _ => panic!("no such operation: {at:?}"),
        }
    }

    fn make(&mut self, name: &str, options: Vec<String>) -> &Listed {
        if self.kind != Kind::ElevenLabs {
            let same = |listed: &&Listed| listed.name.to_lowercase() == name.to_lowercase();
            assert!(
                !self.catalogue.iter().any(|l| same(&l)),
                "{name} is there already"
            );
        }
        let id = format!("made{}", self.catalogue.len());
        let name = name.to_owned();
        self.catalogue.push(Listed {
            id,
            name,
            options,
            is_fresh: false,
        });
        self.catalogue.last().unwrap()
    }

    fn ids(&self) -> Vec<&str> {
        let ids = self.rows.iter().map(|row| match row {
            Row::Id(id) => id.as_str(),
            Row::Entry(..) => panic!("no ids here"),
        });
        ids.collect()
    }

    fn carried(&self) -> Vec<Value> {
        let tag = |id: &str| self.catalogue.iter().find(|tag| tag.id == id).unwrap();
        self.ids().into_iter().map(|id| named(tag(id))).collect()
    }

    fn conversation(&self) -> String {
        let entry = |row: &Row| match row {
            Row::Entry(key, value) => format!("{key} : {value}"),
            Row::Id(_) => panic!("no labels here"),
        };
        let entries: Vec<String> = self.rows.iter().map(entry).collect();
        let (id, entries) = (json!(CONVERSATION), entries.join("\n, "));
        format!(
            r#"{{"type":"conversations","attributes":{{"transcript":{{"labels":{{}}}}, "labels" : {{ {entries} }},"x":1}},"id":{id}}}"#
        )
    }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn parameter(query: &str, name: &str) -> Option<usize> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(n, _)| *n == name)
        .map(|(_, value)| value.parse().unwrap())
}

fn sent_ids(body: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(body).unwrap();
    serde_json::from_value(body["tag_ids"].clone()).unwrap()
}

fn options(body: &Value) -> Vec<String> {
    let options = body["options"].as_array().into_iter().flatten();
    options
        .map(|option| option["value"].as_str().unwrap().to_owned())
        .collect()
}

fn title(tag: &Listed) -> Value {
    json!({"tag_id": tag.id, "workspace_id": "w", "owner_user_id": "u", "title": tag.name,
        "description": null, "created_at_unix_secs": 1_712_345_678})
}

fn named(tag: &Listed) -> Value {
    json!({"object": "conversation_tag", "id": tag.id, "name": tag.name, "color": null,
        "created_at": "2026-05-01T09:14:22+00:00"})
}

fn page_of(all: &[Value], page: usize) -> String {
    let data: Vec<&Value> = all.iter().skip((page - 1) * PAGE).take(PAGE).collect();
    json!({"object": "list", "total": all.len(), "page": page, "page_size": PAGE, "data": data})
        .to_string()
}

fn label(label: &Listed) -> Value {
    let options: Vec<Value> = label
        .options
        .iter()
        .map(|value| json!({"value": value, "description": ""}))
        .collect();
    json!({"uuid": label.id, "name": label.name, "description": "", "aiFlow": false, "options": options,
        "createdAt": "2024-03-18T10:00:00Z"})
}
