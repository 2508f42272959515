//! Frames of HTTP/2, written by hand.

use super::Certified;
use crate::support::soon;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::client::TlsStream;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![size[1], size[2], size[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header field, neither indexed nor compressed.
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        assert!(text.len() < 127);
        field.push(u8::try_from(text.len()).unwrap());
        field.extend(text.as_bytes());
    }
    field
}

/// A request's head.
pub(super) fn head(method: &str, path: &str) -> Vec<u8> {
    [
        field(":method", method),
        field(":scheme", "https"),
        field(":authority", "localhost"),
        field(":path", path),
    ]
    .concat()
}

/// A connection with the preface sent and no settings acknowledged.
pub(super) struct Raw {
    reading: ReadHalf<TlsStream<TcpStream>>,
    writing: WriteHalf<TlsStream<TcpStream>>,
}

impl Raw {
    pub(super) async fn open(certified: &Certified, to: SocketAddr, settings: &[u8]) -> Self {
        let stream = certified.connect(to, &["h2"]).await.unwrap();
        let (reading, mut writing) = tokio::io::split(stream);
        let mut first = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        first.extend(frame(SETTINGS, 0, 0, settings));
        writing.write_all(&first).await.unwrap();
        writing.flush().await.unwrap();
        Self { reading, writing }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.writing.write_all(bytes).await.unwrap();
        self.writing.flush().await.unwrap();
    }

    /// Sends without end what `next` makes, until the connection is gone; takes in and drops whatever comes.
    /// Answers after how many seconds that was.
    pub(super) async fn flood(self, mut next: impl FnMut(u32) -> Vec<u8>) -> f64 {
        let began = Instant::now();
        let Self {
            mut reading,
            mut writing,
        } = self;
        let flooding = async {
            for number in 0_u32.. {
                if writing.write_all(&next(number)).await.is_err() || writing.flush().await.is_err()
                {
                    return;
                }
            }
        };
        let taking = async {
            let mut room = [0; 16_384];
            while reading.read(&mut room).await.is_ok_and(|count| count > 0) {}
        };
        soon("the end of the connection", async {
            tokio::select! {
                () = flooding => {}
                () = taking => {}
            }
        })
        .await;
        began.elapsed().as_secs_f64()
    }

    /// Sends nothing more and waits until the connection is gone.
    pub(super) async fn wait(mut self) -> f64 {
        let began = Instant::now();
        let mut all = Vec::new();
        let _ = soon(
            "the end of the connection",
            self.reading.read_to_end(&mut all),
        )
        .await;
        began.elapsed().as_secs_f64()
    }

    /// Reads frames until one satisfies the test; answers its kind, stream and payload.
    pub(super) async fn frame_with(
        &mut self,
        wanted: impl Fn(u8, u32, &[u8]) -> bool,
    ) -> (u8, u32, Vec<u8>) {
        soon("a frame", async {
            loop {
                let mut head = [0; 9];
                self.reading.read_exact(&mut head).await.unwrap();
                let [a, b, c, kind, _, stream @ ..] = head;
                let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                let mut payload = vec![0; length];
                self.reading.read_exact(&mut payload).await.unwrap();
                let stream = u32::from_be_bytes(stream);
                if wanted(kind, stream, &payload) {
                    return (kind, stream, payload);
                }
            }
        })
        .await
    }
}
