//! Recordings of the twins.

use super::*;
use crate::{
    mock::{Options, Served, TWINS},
    upstream::embedded,
};
use adapters::{Adapter, Answer, Carried, settings::defaults};
use serde_json::json;
use std::{fs, path::PathBuf};

const SECRET: &str = "aw_live_0123456789abcdef0123456789abcdef";
const CONVERSATION: &str = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e";

struct Recording {
    folder: tempfile::TempDir,
    vendor: &'static Vendor,
    adapter: Arc<dyn Adapter>,
    transport: Transport,
}

impl Recording {
    /// Of a twin, through a recorder.
    fn of(name: &str, ids: Ids) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let vendor = crate::gateway::vendor(name).expect("a vendor");
        let kind = TWINS.iter().find(|kind| kind.name == name).expect("a twin");
        let twin = Served::new(kind, Options::default()).expect("its document");
        let document =
            Arc::new(crate::gateway::compile(vendor, vendor.document).expect("compiled"));
        let adapter = (vendor.build)(&defaults(vendor.settings), document.value());
        let recorder = Recorder::open(&folder.path().join("r.ndjson"), ids).expect("the file");
        let transport = recorder.wrap(embedded(twin), vendor, document, vendor.base_url);
        Self {
            folder,
            vendor,
            adapter,
            transport,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("r.ndjson")
    }

    fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.file()).expect("the recording");
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("entries")
    }

    /// One request as the gateway sends it, its answer read to the end.
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Vec<u8>) {
        let (name, value) = self.adapter.credential(SECRET);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.vendor.base_url))
            .header("content-type", "application/json")
            .header(name, value)
            .body(
                body.map(|body| Bytes::from(body.to_string()))
                    .unwrap_or_default(),
            )
            .expect("a request");
        let answer = self
            .transport
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        (status, body.to_vec())
    }

    async fn session(&self) {
        let made = json!({"name": "billing"});
        let (_, body) = self.ask("POST", "/conversation-tags", Some(made)).await;
        let tag: Value = serde_json::from_slice(&body).expect("a tag");
        let set = format!("/conversations/{CONVERSATION}/tags");
        self.ask("PUT", &set, Some(json!({"tag_ids": [tag["id"]]})))
            .await;
        self.ask("GET", &set, None).await;
        self.ask("GET", "/conversation-tags?page=1&page_size=100", None)
            .await;
        self.ask("PUT", &set, Some(json!({"tag_ids": ["no uuid"]})))
            .await;
    }
}

#[tokio::test]
async fn a_recording_holds_no_credential_and_masks_each_id_by_one_stand_in() {
    let recording = Recording::of("awardee", Ids::Masked);
    recording.session().await;
    let text = fs::read_to_string(recording.file()).expect("the recording");
    for hidden in [SECRET, &SECRET[8..], CONVERSATION, "authorization"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let entries = recording.entries();
    assert_eq!(entries.len(), 5);
    let of = |at: usize| (entries[at].operation.as_deref(), entries[at].status);
    assert_eq!(of(0), (Some("create_conversation_tag"), Some(201)));
    assert_eq!(of(4), (Some("replace_conversation_tags"), Some(400)));
    let made = &entries[0].body.as_ref().expect("a body")["id"];
    let sent = &entries[1].request_body.as_ref().expect("a body")["tag_ids"][0];
    let read = &entries[2].body.as_ref().expect("a body")["data"][0]["id"];
    assert_eq!((made, made), (sent, read));
    assert_eq!(entries[1].path, entries[2].path);
    assert!(text.contains("billing"), "names stay");
}

#[tokio::test]
async fn a_recording_keeps_of_an_answer_what_the_adapter_keeps() {
    let recording = Recording::of("elevenlabs", Ids::Kept);
    let path = format!("/v1/convai/conversations/{CONVERSATION}");
    let (status, body) = recording.ask("GET", &path, None).await;
    assert_eq!(status, 200);
    assert!(String::from_utf8_lossy(&body).contains("transcript"));
    let entries = recording.entries();
    assert_eq!(
        entries[0].body,
        Some(json!({"conversation_id": CONVERSATION, "tag_ids": []}))
    );
}

#[tokio::test]
async fn a_body_that_nobody_reads_to_its_end_is_no_answer() {
    let recording = Recording::of("awardee", Ids::Kept);
    let request = Request::get(format!("{}/conversation-tags", recording.vendor.base_url));
    let request = request.header("authorization", "Bearer k");
    let request = request.body(Bytes::new()).expect("a request");
    let answer = recording.transport.clone().oneshot(request).await;
    drop(answer.expect("an answer"));
    let entries = recording.entries();
    assert_eq!((entries[0].status, &entries[0].body), (Some(200), &None));
}

#[tokio::test]
async fn a_replay_answers_as_then_in_the_order_of_then() {
    let recording = Recording::of("awardee", Ids::Kept);
    let set = format!("/conversations/{CONVERSATION}/tags");
    let (_, empty) = recording.ask("GET", &set, None).await;
    recording.session().await;
    let text = fs::read_to_string(recording.file()).expect("the recording");
    let mut replays = Replay::read(&text, |_| "/v1".to_owned()).expect("a recording");
    let replay = replays.remove("awardee").expect("the vendor");
    let ask = |path: &str| {
        let request = Request::get(format!("/v1{path}")).body(Bytes::new());
        let answer = replay.answer(&request.expect("a request"));
        (answer.status().as_u16(), answer.into_body())
    };
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
    assert_eq!(parsed(&ask(&set).1), parsed(&empty));
    let later = parsed(&ask(&set).1);
    assert_eq!(later["total"], 1);
    assert_eq!(parsed(&ask(&set).1), later, "the last is given again");
    let (status, body) = ask("/conversation-tags?page=9");
    assert_eq!(status, 404);
    assert!(
        String::from_utf8_lossy(&body).contains("page=1"),
        "what is near is told"
    );
    assert!(Replay::read("{}", |_| String::new()).is_err());
}

#[tokio::test]
async fn a_recording_is_a_fixture_of_the_adapters() {
    for name in ["elevenlabs", "awardee", "attention"] {
        for ids in [Ids::Kept, Ids::Masked] {
            let recording = Recording::of(name, ids);
            let adapter = &recording.adapter;
            let read = adapter.read(CONVERSATION).expect("a call");
            for call in [adapter.list(), read] {
                let query = if call.query.is_empty() { "" } else { "?" };
                let path = format!("{}{query}{}", call.path.as_str(), call.query);
                recording.ask(call.method.as_str(), &path, None).await;
            }
            let mut seen = 0;
            for entry in recording.entries() {
                let answer = Answer {
                    status: StatusCode::from_u16(entry.status.expect("a status")).expect("one"),
                    headers: HeaderMap::new(),
                    body: entry.body.expect("a body").to_string().into_bytes(),
                };
                let mut parts = entry.path.split(['/', '?']);
                let conversation = parts.find(|part| part.len() == 36);
                let is_read = if entry.operation.as_deref() == Some(adapter.list().operation) {
                    adapter.listed(0, &answer, &mut Vec::new()).is_ok()
                } else {
                    let conversation = conversation.unwrap_or(CONVERSATION);
                    let mut carried = Carried::default();
                    adapter
                        .carried(conversation, 0, &answer, &mut carried)
                        .is_ok()
                };
                assert!(is_read, "{name} {ids:?} {}", entry.path);
                seen += 1;
            }
            assert_eq!(seen, 2);
        }
    }
}
