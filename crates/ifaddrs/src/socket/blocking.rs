//! The blocking socket: its futures are ready whenever they are polled.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::libc::{MSG_DONTWAIT, MSG_TRUNC};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::netns::Home;
use super::transport::{Bound, Transport, prepare, receive_now};
use crate::error::Error;
use crate::options::ListOptions;

pub(crate) struct Blocking {
    bound: Bound<Socket>,
    home: Home,
    filter: bool,
}

impl Blocking {
    /// A socket in the namespace of the options.
    pub(crate) fn open(options: &ListOptions) -> Result<Self, Error> {
        Self::at(Home::new(options)?, options.kernel_filter)
    }

    /// A socket in the calling thread's namespace, for a single question.
    pub(crate) fn here(options: &ListOptions) -> Result<Self, Error> {
        Self::at(Home::Here, options.kernel_filter)
    }

    fn at(home: Home, filter: bool) -> Result<Self, Error> {
        let bound = home.run(|| {
            let mut socket = Socket::new(NETLINK_ROUTE)
                .map_err(|error| Error::call("socket(NETLINK_ROUTE)", error))?;
            let (port, filters) = prepare(&mut socket, filter)?;
            Ok(Bound {
                socket,
                port,
                filters,
            })
        })?;
        Ok(Self {
            bound,
            home,
            filter,
        })
    }
}

impl Transport for Blocking {
    fn fresh(&self) -> Result<Self, Error> {
        Self::at(self.home.clone(), self.filter)
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
        // The kernel takes a request without waiting, so no signal interrupts this.
        self.bound.socket.send(request, 0).map(drop)
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Option<Instant>) -> io::Result<()> {
        loop {
            // The kernel writes most answers while it takes the request. So the first read does not
            // wait.
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

fn wait_readable(socket: &Socket, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = match left {
            None => PollTimeout::NONE,
            Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
            // Rounded up, so that the last poll does not end a moment too early.
            Some(left) => PollTimeout::try_from(left.saturating_add(Duration::from_millis(1)))
                .unwrap_or(PollTimeout::MAX),
        };
        let mut sockets = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sockets, timeout) {
            // A signal, or the longest time that poll can wait: look at the clock again.
            Ok(0) | Err(nix::Error::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
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
