//! The shapes of slow clients.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep},
};

/// The gateway's limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

/// One way to hold a connection.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// What is sent at once.
    first: &'static [u8],
    /// What is sent again and again after it.
    then: &'static [u8],
    pause: Duration,
    /// Whether the client waits for an answer before it is slow.
    answered: bool,
    /// Whether it reads what comes.
    reads: bool,
    /// How long the gateway may bear it.
    pub(crate) limit: fn(&Limits) -> Duration,
}

/// A request whose answer is larger than what a socket holds, so often that the gateway has to wait.
const PAGES: &[u8] = &{
    const PAGE: [u8; 48] = *b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n\0";
    let mut pages = [0; 47 * 20];
    let mut at = 0;
    while at < pages.len() {
        pages[at] = PAGE[at % 47];
        at += 1;
    }
    pages
};

const NEVER: Duration = Duration::from_secs(3_600);

const BODY: &[u8] = b"PUT /v1/elevenlabs/conversations/c/tags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                      Content-Length: 60000\r\n\r\n{";

const SILENT: Shape = Shape {
    name: "connects and says nothing",
    first: b"",
    then: b"",
    pause: NEVER,
    answered: false,
    reads: true,
    limit: |limits| limits.head,
};

pub(crate) const SHAPES: [Shape; 9] = [
    SILENT,
    Shape {
        name: "begins HTTP/2 and stops",
        first: b"PRI * HT",
        ..SILENT
    },
    Shape {
        name: "sends a part of a request line",
        first: b"GET /v1/rou",
        ..SILENT
    },
    Shape {
        name: "sends a header now and then",
        first: b"GET /v1/routes HTTP/1.1\r\n",
        then: b"X: y\r\n",
        pause: Duration::from_millis(200),
        ..SILENT
    },
    Shape {
        name: "is idle after an answer",
        first: b"GET /v1/routes HTTP/1.1\r\nHost: localhost\r\n\r\n",
        answered: true,
        limit: |limits| limits.idle,
        ..SILENT
    },
    Shape {
        name: "sends the preface of HTTP/2 and is idle",
        first: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ..SILENT
    },
    Shape {
        name: "promises a body and sends none of it",
        first: BODY,
        limit: |limits| limits.body,
        ..SILENT
    },
    Shape {
        name: "sends a body byte by byte",
        first: BODY,
        then: b" ",
        pause: Duration::from_millis(200),
        limit: |limits| limits.body,
        ..SILENT
    },
    Shape {
        name: "never reads an answer",
        first: PAGES,
        then: b" ",
        pause: Duration::from_millis(200),
        reads: false,
        limit: |limits| limits.write,
        ..SILENT
    },
];

impl Shape {
    /// Holds a connection in this way. Answers how long the gateway bore it.
    pub(crate) async fn held(&self, address: [u8; 4], to: SocketAddr) -> Duration {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        if !self.reads {
            socket.set_recv_buffer_size(4_096).unwrap();
        }
        let mut stream = socket.connect(to).await.unwrap();
        let mut begun = Instant::now();
        // The gateway may have closed already, which is seen below.
        let _ = stream.write_all(self.first).await;
        if self.answered {
            let mut status = [0; 12];
            stream.read_exact(&mut status).await.unwrap();
            assert_eq!(&status, b"HTTP/1.1 200");
            begun = Instant::now();
        }
        loop {
            if self.reads {
                tokio::select! {
                    () = ended(&mut stream) => return begun.elapsed(),
                    () = sleep(self.pause) => {}
                }
            } else {
                sleep(self.pause).await;
            }
            match stream.try_write(self.then) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return begun.elapsed(),
                _ => {}
            }
        }
    }
}

async fn ended(stream: &mut TcpStream) {
    let mut part = [0; 4_096];
    while stream.read(&mut part).await.is_ok_and(|count| count > 0) {}
}
