//! A twin on a socket.

use std::{
    convert::Infallible,
    future::{self, Future},
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{sleep_until, timeout},
};

use super::{
    Class, Struck,
    control::{control, fault},
    served::{LARGEST_BODY, Served},
};
use crate::clock;

mod foreign;
pub(super) mod progress;
#[cfg(test)]
mod tests;
pub(super) mod wire;

use self::progress::{Progress, Stage, Watched};

/// What begins the path of a request to the shell instead of the twin.
const CONTROL: &str = "/_twin/";
/// How many connections are served at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1_024;
/// How many connections the system keeps until they are accepted.
const BACKLOG: u32 = 1_024;
/// How long a client may take to send a body, and a connection to end after the stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a request.
enum Reply {
    /// An answer in order.
    Whole(Response<Bytes>),
    /// The connection is taken over, and used up.
    Wire(Struck, Option<Response<Bytes>>),
}

/// Serves a twin on HTTP/1.1 until `stop` ends; requests that are being answered then are answered to their end.
///
/// Besides the vendor's own paths it answers the control paths, see [`control`]. It answers only to a loopback `Host`,
/// and to no page of another origin, as it asks nobody for a key. Where the plan of faults says that the process is
/// gone, the address refuses connections for that time.
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
    let mut listener = listener;
    let mut goings = served.goings();
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
            _ = goings.changed() => {
                let address = listener.local_addr()?;
                drop(listener);
                let closed = closed(address)?;
                tokio::select! {
                    () = &mut stop => return finish(stopping, connections).await,
                    () = back(&served) => {}
                }
                listener = closed.listen(BACKLOG)?;
            }
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
    finish(stopping, connections).await
}

async fn finish(stopping: watch::Sender<()>, mut connections: JoinSet<()>) -> io::Result<()> {
    drop(stopping);
    // What is still open after the wait is cut when the set is dropped.
    let _ = timeout(PATIENCE, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    Ok(())
}

/// Keeps an address, and refuses whoever connects to it.
fn closed(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The connections of before may still hold the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Waits until the twin lets callers in again.
async fn back(served: &Served) {
    while let Some(until) = served.gone_until() {
        sleep_until(until).await;
    }
}

async fn connection(stream: TcpStream, served: Arc<Served>, mut stopped: watch::Receiver<()>) {
    // Without it small answers may wait for the client's acknowledgement; where it fails they are only slower.
    let _ = stream.set_nodelay(true);
    let mut goings = served.goings();
    let progress = Progress::default();
    let (hand_over, mut taken_over) = mpsc::channel::<(Struck, Option<Response<Bytes>>)>(1);
    let service = service_fn(|request| {
        let (served, hand_over) = (Arc::clone(&served), hand_over.clone());
        let progress = progress.clone();
        async move {
            match respond(&served, request, &progress).await {
                Reply::Whole(answer) => {
                    progress.answered();
                    Ok::<_, Infallible>(answer.map(Full::new))
                }
                Reply::Wire(fault, answer) => {
                    // The connection is taken from under this answer, which never comes.
                    let _ = hand_over.send((fault, answer)).await;
                    future::pending().await
                }
            }
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let mut connection = http.serve_connection(
        TokioIo::new(Watched::new(stream, progress.clone())),
        service,
    );
    let (mut ending, mut stopping) = (false, false);
    let (fault, answer) = loop {
        tokio::select! {
            biased;
            Some(taken) = taken_over.recv() => break taken,
            _ = &mut connection => {
                served.count_end(progress.stage());
                return;
            }
            // The sender never sends: the wait ends when it is dropped.
            _ = stopped.changed(), if !stopping => {
                (ending, stopping) = (true, true);
                Pin::new(&mut connection).graceful_shutdown();
            }
            Ok(()) = goings.changed(), if !ending => {
                ending = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let mut stream = connection.into_parts().io.into_inner().into_inner();
    let stop = async {
        if !stopping {
            let _ = stopped.changed().await;
        }
    };
    let end = tokio::select! {
        () = stop => wire::End::Reset,
        end = timeout(fault.hold, wire::play(&mut stream, &fault, answer)) => match end {
            Ok(Ok(end)) => {
                // Silence ends before its time only where the client goes.
                if fault.class == Class::Blackhole {
                    served.count_end(progress.stage());
                }
                end
            }
            // Held long enough, or the client is gone.
            Err(_) => wire::End::Close,
            Ok(Err(_)) => return,
        },
    };
    if end == wire::End::Reset {
        // Where it cannot be set, the connection closes in order, which is nearly as bad for the client.
        let _ = stream.set_zero_linger();
    }
}

async fn respond(served: &Arc<Served>, request: Request<Incoming>, progress: &Progress) -> Reply {
    if let Some(refused) = foreign::refuse_foreign(&request) {
        return Reply::Whole(refused);
    }
    let request = match whole(served, request).await {
        Ok(request) => request,
        Err(refused) => return Reply::Whole(refused),
    };
    progress.whole(request.method());
    if let Some(below) = request.uri().path().strip_prefix(CONTROL) {
        return Reply::Whole(control(served, &request, below));
    }
    let received = served.receive(request, clock::unix_ms());
    if let Some(late) = received.late {
        tokio::spawn(late.land());
    }
    let Some(fault) = received.fault else {
        return Reply::Whole(received.answer.unwrap_or_default());
    };
    tokio::time::sleep(fault.latency).await;
    if fault.class.described().wire {
        Reply::Wire(fault, received.answer)
    } else {
        Reply::Whole(received.answer.unwrap_or_default())
    }
}

/// The request with its body, or the answer to one whose body does not come.
async fn whole(
    served: &Served,
    request: Request<Incoming>,
) -> Result<Request<Bytes>, Response<Bytes>> {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return Err(served.refuse_large(&parts));
    }
    match timeout(PATIENCE, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, body.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(served.refuse_large(&parts)),
        Ok(Err(_)) => {
            served.count_end(Stage::Arriving);
            Err(fault(StatusCode::BAD_REQUEST, "the body could not be read"))
        }
        Err(_) => {
            served.count_end(Stage::Arriving);
            let message = "the body did not come in time";
            Err(fault(StatusCode::REQUEST_TIMEOUT, message))
        }
    }
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
