//! The asynchronous socket, which tokio's runtime waits for.

use std::future::poll_fn;
use std::io;
use std::time::{Duration, Instant};

use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, Socket, TokioSocket};
use tokio::runtime;
use tokio::time::{sleep, timeout_at};

use super::netns::Home;
use super::transport::{Bound, Transport, accept, prepare};
use crate::error::{Error, ErrorKind};
use crate::options::ListOptions;

pub(crate) struct Tokio {
    bound: Bound<TokioSocket>,
    home: Home,
    filter: bool,
}

impl Tokio {
    /// A socket in the namespace of the options.
    pub(crate) fn open(options: &ListOptions) -> Result<Self, Error> {
        Self::at(Home::new(options)?, options.kernel_filter)
    }

    fn at(home: Home, filter: bool) -> Result<Self, Error> {
        // Asked here and not in the closure, which may run on a thread without a runtime.
        let runtime = runtime::Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Io,
                "socket(NETLINK_ROUTE): no tokio runtime here",
            )
        })?;
        // The thread that goes to another namespace does not belong to the runtime.
        let bound = home.run(|| {
            let _entered = runtime.enter();
            let mut socket = TokioSocket::new(NETLINK_ROUTE)
                .map_err(|error| Error::call("socket(NETLINK_ROUTE)", error))?;
            let (port, filters) = prepare(socket.socket_mut(), filter)?;
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

    async fn receive_any(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        loop {
            buffer.clear();
            let received =
                poll_fn(|context| self.bound.socket.poll_recv_from(context, buffer)).await;
            match received {
                // A datagram that was cut short fills the buffer.
                Ok(sender) if accept(buffer, buffer.len(), &sender)? => return Ok(()),
                Ok(_) => {}
                // A signal came before a datagram did, so nothing is lost.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Transport for Tokio {
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
        self.bound.socket.socket_ref()
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        poll_fn(|context| self.bound.socket.poll_send(context, request))
            .await
            .map(drop)
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>, deadline: Option<Instant>) -> io::Result<()> {
        match deadline {
            None => self.receive_any(buffer).await,
            Some(deadline) => timeout_at(deadline.into(), self.receive_any(buffer))
                .await
                .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn pause(&mut self, time: Duration) {
        sleep(time).await;
    }
}
