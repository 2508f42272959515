//! One connection, driven by whoever uses it.

use super::MAX_HEAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection on which one call at a time is made. Nobody else reads or writes it: without [`Link::advance`] it
/// stands still, and dropping it closes it.
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// Gone once the connection is closed.
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
}

/// A call without an answer, as the library tells it.
type Unanswered = TrySendError<Request<Full<Bytes>>>;

/// A call without an answer, and why.
pub(super) enum Broken {
    /// Nothing of the request was written.
    Unsent(String),
    /// It may have been received.
    Sent(String),
}

impl Link {
    /// A connection on a stream that is open.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub(super) async fn new<S>(stream: S) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| told(&error))?;
        Ok(Self {
            sender,
            connection: Some(Box::pin(connection)),
        })
    }

    /// Hands over a request; [`Link::exchange`] brings its answer. A connection that is known to be closed takes none.
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> + use<> {
        self.sender.try_send_request(request)
    }

    /// Writes what was handed over and reads the head of its answer.
    pub(super) fn exchange<F>(
        &mut self,
        answer: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, Broken>>
    where
        F: Future<Output = Result<Response<Incoming>, Unanswered>>,
    {
        self.advance(context);
        // Only the connection brings the answer on, and that was just asked: nobody has to be woken for it, and
        // to wake this very task would have it run once more for nothing.
        answer.poll(&mut unheard()).map_err(|mut failed| {
            let why = told(failed.error());
            match failed.take_message() {
                Some(_) => Broken::Unsent(why),
                None => Broken::Sent(why),
            }
        })
    }

    /// Reads and writes what can be read and written now.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(context).is_ready()
        {
            self.connection = None;
        }
    }

    /// Whether another call can be made now: the last one is written and answered to its end.
    pub(super) fn is_free(&mut self) -> bool {
        if self.connection.is_some() && !self.sender.is_ready() {
            self.advance(&mut unheard());
        }
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// For what only makes progress while the caller asks.
pub(super) fn unheard() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The library's error and its causes.
pub(super) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
