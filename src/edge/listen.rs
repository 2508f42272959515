//! The socket that connections come from.

use std::{io, net::SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// What the system keeps of an answer that a client does not take, in bytes; it doubles this for its own needs. Left
/// to itself it keeps megabytes for each connection.
const SEND_BUFFER: u32 = 128 << 10;

/// How many connections wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4_096;

/// Listens on an address. Connections inherit what is set here.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Connections of an earlier process that are still closing do not keep the address from the next one.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
