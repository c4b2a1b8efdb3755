//! The sockets: what a query needs of one, and the blocking one.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::libc::{MSG_DONTWAIT, MSG_TRUNC};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::netns::Home;
use crate::error::Error;
use crate::log::debug;

/// Twice what the kernel ever puts into one datagram of a dump, so a full buffer is a truncated datagram.
/// It must never shrink: the kernel sizes datagrams by the largest buffer it has seen on a socket.
pub(crate) const BUFFER: usize = 64 * 1024;

/// The groups that tell of changes: `RTNLGRP_LINK`, `RTNLGRP_IPV4_IFADDR`, `RTNLGRP_IPV6_IFADDR`.
pub(crate) const LINKS: u32 = 1;
pub(crate) const ADDRESSES: [u32; 2] = [5, 9];

/// A bound socket with the options that could be had.
pub(crate) struct Bound<S> {
    pub(crate) socket: S,
    /// Our address: answers to our requests carry it, events do not.
    pub(crate) port: u32,
    /// The kernel filters dumps by link (`NETLINK_GET_STRICT_CHK`, Linux 4.20).
    pub(crate) filters: bool,
}

/// Binds a new socket and sets its options; `filter` false does as on a kernel before 4.20.
pub(crate) fn prepare(socket: &mut Socket, filter: bool) -> Result<(u32, bool), Error> {
    let port = socket
        .bind_auto()
        .map_err(|error| Error::call("bind(NETLINK_ROUTE)", error))?
        .port_number();
    // Both only make error answers better; kernels before 4.3 and 4.12 lack them.
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_ext_ack(true);
    let filters = filter && socket.set_netlink_get_strict_chk(true).is_ok();
    if !filters {
        debug!(filter, "no filter in the kernel, dumping all links");
    }
    Ok((port, filters))
}

pub(crate) fn open_socket() -> Result<Socket, Error> {
    Socket::new(NETLINK_ROUTE).map_err(|error| Error::call("socket(NETLINK_ROUTE)", error))
}

/// What a query needs: the same for the blocking and the asynchronous socket.
pub(crate) trait Transport: Sized {
    /// Another one like it, in the same namespace.
    fn fresh(&self) -> Result<Self, Error>;
    fn port(&self) -> u32;
    fn filters(&self) -> bool;
    fn socket(&self) -> &Socket;
    fn send(&mut self, request: &[u8]) -> impl Future<Output = io::Result<()>>;
    /// Puts the next datagram of the kernel's into `buffer`, or fails with `TimedOut` at the deadline.
    fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        deadline: Option<Instant>,
    ) -> impl Future<Output = io::Result<()>>;
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// The blocking transport: its futures are ready whenever they are polled.
pub(crate) struct Blocking {
    bound: Bound<Socket>,
    home: Home,
    filter: bool,
}

impl Blocking {
    pub(crate) fn open(home: &Home, filter: bool) -> Result<Self, Error> {
        let bound = home.run(|| {
            let mut socket = open_socket()?;
            let (port, filters) = prepare(&mut socket, filter)?;
            Ok(Bound {
                socket,
                port,
                filters,
            })
        })?;
        Ok(Self {
            bound,
            home: home.clone(),
            filter,
        })
    }
}

impl Transport for Blocking {
    fn fresh(&self) -> Result<Self, Error> {
        Self::open(&self.home, self.filter)
    }

    fn port(&self) -> u32 {
        self.bound.port
    }

    fn filters(&self) -> bool {
        self.bound.filters
    }

    fn socket(&self) -> &Socket {
        &self.bound.socket
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        retry_on_intr(|| self.bound.socket.send(request, 0)).map(drop)
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Option<Instant>) -> io::Result<()> {
        loop {
            // The kernel writes most answers while it takes the request, so waiting comes second.
            match receive_now(&self.bound.socket, buffer, MSG_DONTWAIT | MSG_TRUNC) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(false) => continue,
                Ok(true) => return Ok(()),
                Err(error) => return Err(error),
            }
            wait_readable(&self.bound.socket, deadline)?;
        }
    }

    async fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }
}

/// Receives once. False is a datagram that some other process sent, which is passed over.
pub(crate) fn receive_now(socket: &Socket, buffer: &mut Vec<u8>, flags: i32) -> io::Result<bool> {
    buffer.clear();
    let (length, sender) = retry_on_intr(|| socket.recv_from(buffer, flags))?;
    accept(buffer, length, &sender)
}

/// Checks where a datagram came from and that it is whole.
pub(crate) fn accept(buffer: &[u8], length: usize, sender: &SocketAddr) -> io::Result<bool> {
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

fn wait_readable(socket: &Socket, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let timeout =
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => PollTimeout::NONE,
                Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
                // Rounded up, so that the last poll does not end a moment too early.
                Some(left) => PollTimeout::try_from(left + Duration::from_millis(1))
                    .unwrap_or(PollTimeout::MAX),
            };
        match poll(
            &mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)],
            timeout,
        ) {
            Ok(0) | Err(nix::Error::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn retry_on_intr<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Runs a query over the blocking transport to its end.
pub(crate) fn block<F: Future>(query: F) -> F::Output {
    match pin!(query).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a query over the blocking transport never waits outside of it"),
    }
}
