//! A twin on a socket, and the paths that steer it.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    control::{control, fault},
    recorder::{LARGEST_BODY, Served},
};

/// What begins the path of a request to the shell instead of the twin.
const CONTROL: &str = "/_twin/";
/// How many connections are served at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1_024;
/// How long a client may take to send a body, and a connection to end after the stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a twin on HTTP/1.1 until `stop` ends; requests that are being answered then are answered to their end.
///
/// Besides the vendor's own paths it answers the control paths, see [`control`]. It answers only to a loopback `Host`,
/// and to no page of another origin, as it asks nobody for a key.
///
/// # Errors
/// If the listener fails for good. A connection that fails is only dropped.
pub async fn serve(
    listener: TcpListener,
    served: Arc<Served>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(());
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let slot = Arc::clone(&slots)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, _)| (slot, stream))
        };
        tokio::select! {
            () = &mut stop => break,
            accepted = next => match accepted {
                Ok((slot, stream)) => {
                    let connection = connection(stream, Arc::clone(&served), stopped.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) if passing(&error) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error),
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    drop(stopping);
    // What is still open after the wait is cut when the set is dropped.
    let _ = timeout(PATIENCE, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    Ok(())
}

async fn connection(stream: TcpStream, served: Arc<Served>, mut stopped: watch::Receiver<()>) {
    // Without it small answers may wait for the client's acknowledgement; where it fails they are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let served = Arc::clone(&served);
        async move { Ok::<_, Infallible>(respond(&served, request).await.map(Full::new)) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        // The sender never sends: the wait ends when it is dropped.
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn respond(served: &Served, request: Request<Incoming>) -> Response<Bytes> {
    if let Some(refused) = refuse_foreign(&request) {
        return refused;
    }
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return served.refuse_large(&parts);
    }
    let body = match timeout(PATIENCE, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return served.refuse_large(&parts),
        Ok(Err(_)) => return fault(StatusCode::BAD_REQUEST, "the body could not be read"),
        Err(_) => return fault(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    let request = Request::from_parts(parts, body);
    match request.uri().path().strip_prefix(CONTROL) {
        Some(below) => control(served, &request, below),
        None => served.call(request, now_unix_ms()),
    }
}

/// Refuses what a page of another site could make a browser send.
fn refuse_foreign<B>(request: &Request<B>) -> Option<Response<Bytes>> {
    let given = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(given(header::HOST));
    if !host.is_some_and(is_loopback) {
        return Some(fault(
            StatusCode::MISDIRECTED_REQUEST,
            "a twin answers only to a loopback host",
        ));
    }
    let foreign = given(header::ORIGIN).is_some_and(|origin| !is_loopback(origin));
    foreign.then(|| {
        fault(
            StatusCode::FORBIDDEN,
            "a twin does not answer to other origins",
        )
    })
}

/// Whether an authority or an origin names this machine.
fn is_loopback(place: &str) -> bool {
    let Ok(place) = place.parse::<Uri>() else {
        return false;
    };
    let host = place.host().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether accepting may work again: the client was gone already, or descriptors are short for a moment.
fn passing(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, WouldBlock,
    };
    // EMFILE and ENFILE on Linux and macOS; they have no kind of their own.
    let short = matches!(error.raw_os_error(), Some(23 | 24));
    short
        || matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | WouldBlock
        )
}

fn now_unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
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
        let head =
            "POST /v1/conversation-tags HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1048577";
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
}
