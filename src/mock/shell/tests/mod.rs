use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    super::{Options, testing},
    *,
};

mod faults;
mod seen;

struct Running {
    address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

async fn running(served: &Arc<Served>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(serve(listener, Arc::clone(served), async move {
        stopped.await.unwrap()
    }));
    Running {
        address,
        stop,
        task,
    }
}

impl Running {
    /// One exchange on a connection of its own; `head` is the request line and headers without their end.
    async fn exchange(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let length = if head.contains("content-length") {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        let request = format!("{head}\r\n{length}connection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        parsed(&answer)
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        assert!(TcpStream::connect(&self.address).await.is_err());
    }
}

fn parsed(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3]
        .parse()
        .unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn a_twin_is_served_and_steered_on_a_socket() {
    let served = testing::served("elevenlabs", Options::default());
    let running = running(&served).await;
    let vendor = |line: &str| {
        format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nxi-api-key: k",
            running.address
        )
    };
    let create = vendor("POST /v1/convai/tags");
    let (status, body) = running.exchange(&create, r#"{"title":"VIP"}"#).await;
    assert_eq!(status, 200, "{body}");
    let tag: serde_json::Value = serde_json::from_str(&body).unwrap();
    let assigned = format!(r#"{{"tag_ids":[{}]}}"#, tag["tag_id"]);
    assert_eq!(
        running
            .exchange(
                &vendor("POST /v1/convai/conversations/c%2F1/tags"),
                &assigned
            )
            .await,
        (204, String::new())
    );
    let seen = format!("[{}]", tag["tag_id"]);
    assert_eq!(
        running
            .exchange(&vendor("GET /_twin/conversations/c%2F1"), "")
            .await,
        (200, seen)
    );
    let (status, body) = running.exchange(&vendor("GET /_twin/calls"), "").await;
    let calls: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(
        calls["calls"][1]["path"],
        "/v1/convai/conversations/c%2F1/tags"
    );
    assert_eq!(calls["calls"][1]["body"]["tag_ids"][0], tag["tag_id"]);
    assert_eq!(calls["calls"].as_array().unwrap().len(), 2);
    assert!(!body.contains("api-key"));
    running.end().await;
}

#[tokio::test]
async fn only_this_machine_is_answered() {
    let served = testing::served("awardee", Options::default());
    let running = running(&served).await;
    let get = |headers: &str| format!("GET /_twin/calls HTTP/1.1\r\n{headers}");
    for (headers, status) in [
        ("host: twin.example", 421),
        ("host: 127.0.0.1.example:80", 421),
        ("host: localhost@twin.example", 421),
        ("host: localhost:1\r\norigin: https://twin.example", 403),
        ("host: localhost:1\r\norigin: null", 403),
        ("host: [::1]:1\r\norigin: http://localhost:3000", 200),
        ("host: 127.0.0.2", 200),
    ] {
        assert_eq!(
            running.exchange(&get(headers), "").await.0,
            status,
            "{headers}"
        );
    }
    assert!(served.calls().is_empty());
    running.end().await;
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_sent() {
    let served = testing::served("awardee", Options::default());
    let running = running(&served).await;
    let head = "POST /v1/conversation-tags HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1048577";
    assert_eq!(running.exchange(head, "").await.0, 413);
    assert_eq!(served.calls()[0].status, 413);
    running.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let served = testing::served("attention", Options::default());
    let running = running(&served).await;
    let mut stream = TcpStream::connect(&running.address).await.unwrap();
    let request = "GET /v2/labels HTTP/1.1\r\nhost: localhost\r\nauthorization: k\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"{\"data\":[]}") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
    }
    timeout(PATIENCE / 2, running.end()).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
}
