//! One request and its answer, over any transport; events that come between are kept in the window.

use std::io;
use std::time::Instant;

use nix::libc::{ENOBUFS, MSG_DONTWAIT, MSG_TRUNC};

use super::whole::Window;
use crate::error::{Error, ErrorKind};
use crate::log::debug;
use crate::options::Limits;
use crate::socket::{BUFFER, Transport, receive_now};
use crate::wire::{Body, Malformed, Message, messages};

/// A transport with the state of its conversation.
pub(crate) struct Exchange<T> {
    pub(crate) transport: T,
    pub(crate) limits: Limits,
    sequence: u32,
    buffer: Vec<u8>,
    joined: Vec<u32>,
    /// An exchange was given up half-way (an error, a dropped future): what is left of it must not be met
    /// again, so the next one takes a new socket.
    broken: bool,
    /// The socket overflowed and has not been emptied since: until then the kernel drops lone answers
    /// without a word.
    congested: bool,
    /// What changed since the groups were joined, or since [`restart`](Self::restart).
    pub(crate) window: Window,
}

/// What a request expects.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Expects {
    /// One message.
    One,
    /// Many, and a last one that says so.
    Dump,
}

/// What is handed to the asker.
pub(crate) enum Part {
    /// A message of the answer, and whether the kernel calls the dump disturbed.
    Body(Body, bool),
    /// A datagram of this length ended.
    DatagramEnd(usize),
}

/// How an exchange ended.
pub(crate) enum End {
    /// All of it came.
    Complete,
    /// The kernel answered with an error number, and perhaps in words.
    Refused(i32, Option<String>),
    /// Events were lost, and perhaps the answer with them.
    Overrun,
}

impl<T: Transport> Exchange<T> {
    pub(crate) fn new(transport: T, limits: Limits) -> Self {
        Self {
            transport,
            limits,
            sequence: 0,
            buffer: Vec::with_capacity(BUFFER),
            joined: Vec::new(),
            broken: false,
            congested: false,
            window: Window::default(),
        }
    }

    /// Takes a new socket if an exchange was given up half-way. Before any groups are joined, or they would be
    /// those of the old one.
    pub(crate) fn renew(&mut self) -> Result<(), Error> {
        if self.broken {
            self.transport = self.transport.fresh()?;
            self.joined.clear();
            self.window.lost = true;
            self.congested = false;
            self.broken = false;
        }
        Ok(())
    }

    /// Sends what `request` makes of a new sequence number, and hands the parts of the answer to `take`.
    pub(crate) async fn ask(
        &mut self,
        expects: Expects,
        request: impl FnOnce(u32) -> Vec<u8>,
        mut take: impl FnMut(Part),
    ) -> Result<End, Error> {
        self.renew()?;
        self.broken = true;
        if self.congested && expects == Expects::One {
            self.drain();
        }
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let request = request(self.sequence);
        self.transport
            .send(&request)
            .await
            .map_err(|error| Error::call("send request", error))?;
        let deadline = Instant::now().checked_add(self.limits.timeout);
        loop {
            match self.transport.receive(&mut self.buffer, deadline).await {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(ENOBUFS) => {
                    self.window.lost = true;
                    self.congested = true;
                    // The datagrams of a dump wait for room; a lone answer may be among the lost.
                    if expects == Expects::One {
                        self.broken = false;
                        return Ok(End::Overrun);
                    }
                    continue;
                }
                Err(error) => return Err(receive_error(error)),
            }
            if let Some(end) = self.take_datagram(expects, &mut take)? {
                self.broken = false;
                return Ok(end);
            }
        }
    }

    fn take_datagram(
        &mut self,
        expects: Expects,
        take: &mut impl FnMut(Part),
    ) -> Result<Option<End>, Error> {
        let mut end = None;
        let mut ours = false;
        for message in messages(&self.buffer) {
            let message = message.map_err(|Malformed(why)| Error::malformed(why))?;
            if message.port != self.transport.port() || message.sequence != self.sequence {
                if !self.joined.is_empty() && message.port != self.transport.port() {
                    self.window.note(message.body);
                }
                continue;
            }
            ours = true;
            let Message {
                body, interrupted, ..
            } = message;
            match body {
                Body::Done(0) => end = Some(End::Complete),
                Body::Done(errno) => end = Some(End::Refused(errno, None)),
                Body::Answer(errno, words) => end = Some(End::Refused(errno, words)),
                body => {
                    take(Part::Body(body, interrupted));
                    if expects == Expects::One {
                        end = Some(End::Complete);
                    }
                }
            }
            // The mark may come with the last message alone.
            if interrupted && end.is_some() {
                take(Part::Body(Body::Done(0), true));
            }
        }
        if ours && expects == Expects::Dump {
            take(Part::DatagramEnd(self.buffer.len()));
        }
        Ok(end)
    }

    /// Joins the groups that tell of changes; all or, if that is refused, none.
    pub(crate) fn guard(&mut self, groups: &[u32], only: Option<u32>) {
        if !self.joined.is_empty() {
            return;
        }
        for &group in groups {
            if let Err(_error) = self.transport.socket().add_membership(group) {
                debug!(group, error = %_error, "cannot watch for changes while listing");
                return self.unguard();
            }
            self.joined.push(group);
        }
        self.window = Window::new(only);
    }

    pub(crate) fn is_guarded(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Leaves the groups, and throws away what came from them.
    pub(crate) fn unguard(&mut self) {
        if self.joined.is_empty() {
            return;
        }
        for group in self.joined.drain(..) {
            // Only a closed socket could refuse.
            let _ = self.transport.socket().drop_membership(group);
        }
        self.drain();
    }

    /// Begins a new window after events were lost. What is still queued is older than what was lost, so it
    /// must not be taken for the latest state.
    pub(crate) fn restart(&mut self, only: Option<u32>) {
        self.drain();
        self.window = Window::new(only);
    }

    fn drain(&mut self) {
        self.congested = false;
        loop {
            match receive_now(
                self.transport.socket(),
                &mut self.buffer,
                MSG_DONTWAIT | MSG_TRUNC,
            ) {
                Err(error) if error.raw_os_error() != Some(ENOBUFS) => return,
                _ => {}
            }
        }
    }

    /// Waits for the next datagram of events. `None` is an overrun.
    pub(crate) async fn events(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Vec<Body>>, Error> {
        match self.transport.receive(&mut self.buffer, deadline).await {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(ENOBUFS) => {
                self.congested = true;
                return Ok(None);
            }
            Err(error) => return Err(receive_error(error)),
        }
        let port = self.transport.port();
        messages(&self.buffer)
            .filter(|message| !matches!(message, Ok(message) if message.port == port))
            .map(|message| match message {
                Ok(message) => Ok(message.body),
                Err(Malformed(why)) => Err(Error::malformed(why)),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A conversation of its own in the same namespace, for one dump.
    pub(crate) fn aside(&self) -> Result<Self, Error> {
        Ok(Self::new(self.transport.fresh()?, self.limits))
    }
}

fn receive_error(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        io::ErrorKind::InvalidData => ErrorKind::Malformed,
        _ => ErrorKind::Io,
    };
    Error::call("receive answer", error).with_kind(kind)
}
