//! What a supervisor such as systemd is told, and the sockets that it hands over.

use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::io;

/// The process serves.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A reload begins; [`ready`] says that it has ended, be it well or not.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the time of a reload is not known"),
    }
}

/// The process stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    // Without NOTIFY_SOCKET nobody wants to know.
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the supervisor cannot be told");
    }
}

/// The listening sockets that were handed over (`LISTEN_FDS`), in their order: the public one, then the operator's.
/// Each has to be bound to the address that the configuration names, so that what was checked of it holds.
///
/// # Errors
/// A handed-over descriptor that is no listening TCP socket.
pub fn sockets() -> io::Result<Vec<std::net::TcpListener>> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for at in 0..handed.len() {
        if let Some(socket) = handed.take_tcp_listener(at)? {
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
    }
    Ok(sockets)
}
