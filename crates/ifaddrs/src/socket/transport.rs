//! What a query needs from a socket. The blocking and the asynchronous socket both provide it.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use netlink_sys::{Socket, SocketAddr};

use crate::error::Error;
use crate::log::debug;

/// The size of the receive buffer: twice the largest datagram of a dump.
///
/// So a full buffer means that a datagram was cut short. The size must never shrink: the kernel
/// sizes the datagrams of a socket by the largest buffer that it has seen there.
pub(crate) const BUFFER: usize = 64 * 1024;

/// The group that tells of links: `RTNLGRP_LINK`.
pub(crate) const LINKS: u32 = 1;
/// The groups that tell of addresses: `RTNLGRP_IPV4_IFADDR`, `RTNLGRP_IPV6_IFADDR`.
pub(crate) const ADDRESSES: [u32; 2] = [5, 9];

pub(crate) trait Transport: Sized {
    /// Another one like it, in the same namespace.
    fn fresh(&self) -> Result<Self, Error>;
    fn port(&self) -> u32;
    fn filters(&self) -> bool;
    fn socket(&self) -> &Socket;
    fn send(&mut self, request: &[u8]) -> impl Future<Output = io::Result<()>>;
    /// Puts the kernel's next datagram into `buffer`, or fails with `TimedOut` at the deadline.
    fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        deadline: Option<Instant>,
    ) -> impl Future<Output = io::Result<()>>;
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// A bound socket with those of its options that the kernel has.
pub(crate) struct Bound<S> {
    pub(crate) socket: S,
    /// Our address: answers to our requests carry it, events do not.
    pub(crate) port: u32,
    /// The kernel filters dumps by link (`NETLINK_GET_STRICT_CHK`, Linux 4.20).
    pub(crate) filters: bool,
}

/// Binds a new socket and sets its options.
///
/// With `filter` false it behaves as on a kernel before 4.20.
pub(crate) fn prepare(socket: &mut Socket, filter: bool) -> Result<(u32, bool), Error> {
    // The kernel chooses the port. Only one socket of a process can have the process id as its
    // port.
    let port = socket
        .bind_auto()
        .map_err(|error| Error::call("bind(NETLINK_ROUTE)", error))?
        .port_number();
    // Both only make error answers better. Kernels before 4.3 and 4.12 lack them.
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_ext_ack(true);
    // Without this option the kernel ignores the link in a request for a dump.
    let filters = filter && socket.set_netlink_get_strict_chk(true).is_ok();
    if !filters {
        debug!(filter, "no filter in the kernel, dumping all links");
    }
    Ok((port, filters))
}

/// Receives one datagram. False means that another process sent it; the caller ignores it.
pub(crate) fn receive_now(socket: &Socket, buffer: &mut Vec<u8>, flags: i32) -> io::Result<bool> {
    buffer.clear();
    let (length, sender) = socket.recv_from(buffer, flags)?;
    accept(buffer, length, &sender)
}

/// Checks where a datagram came from and that it is whole.
pub(crate) fn accept(buffer: &[u8], length: usize, sender: &SocketAddr) -> io::Result<bool> {
    // Any process may send to our port; the kernel's own port is 0.
    if sender.port_number() != 0 {
        return Ok(false);
    }
    if length > buffer.len() || length >= BUFFER {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "datagram cut short",
        ));
    }
    Ok(true)
}
