//! One request and its answer, over any transport.
//!
//! Events that arrive before the answer is complete are kept in the window.

use std::io;
use std::time::Instant;

use nix::libc::{ENOBUFS, MSG_DONTWAIT, MSG_TRUNC};

use super::window::Window;
use crate::error::{Error, ErrorKind};
use crate::log::debug;
use crate::options::Limits;
use crate::socket::{BUFFER, Transport, receive_now};
use crate::wire::{Answer, Body, Frame, Malformed, answer, frames, messages};

/// A transport with the state of its conversation.
pub(crate) struct Exchange<T> {
    pub(crate) transport: T,
    pub(crate) limits: Limits,
    sequence: u32,
    buffer: Vec<u8>,
    joined: Vec<u32>,
    /// The group that could not be joined, and why.
    refusal: Option<(u32, io::Error)>,
    /// The last exchange did not end: an error stopped it, or its future was dropped. The rest of
    /// its answer may still arrive. So the next exchange takes a new socket.
    broken: bool,
    /// The socket overflowed and has not been emptied since. Until it is emptied, the kernel drops
    /// single answers without any error.
    congested: bool,
    /// What changed since the groups were joined, or since [`restart`](Self::restart).
    pub(crate) window: Window,
}

/// What a request expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// One message.
    One,
    /// Many, and a last one that says so.
    Dump,
}

/// One part of an answer, as the caller gets it.
pub(super) enum Part<'a> {
    /// A message of the answer.
    Message(Frame<'a>),
    /// The kernel says that the list changed while it was dumped.
    Disturbed,
    /// A datagram of this length begins; its first message has that length.
    DatagramBegin(usize, usize),
    /// A datagram of this length ended.
    DatagramEnd(usize),
}

/// How an exchange ended.
pub(super) enum End {
    /// The whole answer arrived.
    Complete,
    /// The kernel answered with an error number, and perhaps with a text.
    Refused(i32, Option<String>),
    /// Events were lost, and perhaps the answer with them.
    Overrun,
}

/// Takes a part, or says that the part is malformed.
pub(super) trait Take: FnMut(Part<'_>) -> Result<(), Malformed> {}

impl<F: FnMut(Part<'_>) -> Result<(), Malformed>> Take for F {}

impl<T: Transport> Exchange<T> {
    pub(super) fn new(transport: T, limits: Limits) -> Self {
        Self {
            transport,
            limits,
            sequence: 0,
            buffer: Vec::with_capacity(BUFFER),
            joined: Vec::new(),
            refusal: None,
            broken: false,
            congested: false,
            window: Window::default(),
        }
    }

    /// Takes a new socket if the last exchange did not end.
    ///
    /// This happens before any group is joined: a membership belongs to one socket.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        if self.broken {
            self.transport = self.transport.fresh()?;
            self.joined.clear();
            self.window.lost = true;
            self.congested = false;
            self.broken = false;
        }
        Ok(())
    }

    /// Sends a request and passes the parts of its answer to `take`.
    ///
    /// `request` makes the request from its sequence number.
    pub(super) async fn ask(
        &mut self,
        expects: Expects,
        request: impl FnOnce(u32) -> Vec<u8>,
        mut take: impl Take,
    ) -> Result<End, Error> {
        self.renew()?;
        // Set before the first await: the caller may drop this future at any of them.
        self.broken = true;
        if self.congested && expects == Expects::One {
            self.drain();
        }
        // Never 0: events that the kernel sends unasked carry that number.
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let request = request(self.sequence);
        self.transport
            .send(&request)
            .await
            .map_err(|error| Error::call("sendto(NETLINK_ROUTE)", error))?;
        let deadline = Instant::now().checked_add(self.limits.timeout);
        loop {
            match self.transport.receive(&mut self.buffer, deadline).await {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(ENOBUFS) => {
                    self.window.lost = true;
                    self.congested = true;
                    // A dump waits until there is room again. A single answer may be lost.
                    if expects == Expects::One {
                        self.broken = false;
                        return Ok(End::Overrun);
                    }
                    continue;
                }
                Err(error) => return Err(receive_error(error)),
            }
            let end = self.take_datagram(expects, &mut take);
            if let Some(end) = end.map_err(|Malformed(why)| Error::malformed(why))? {
                self.broken = false;
                return Ok(end);
            }
        }
    }

    fn take_datagram(
        &mut self,
        expects: Expects,
        take: &mut impl Take,
    ) -> Result<Option<End>, Malformed> {
        let mut end = None;
        let mut ours = false;
        let mut disturbed = false;
        for frame in frames(&self.buffer) {
            let frame = frame?;
            // The kernel puts our port into answers only. Other messages are events. An answer with
            // another sequence number belongs to an earlier question.
            if frame.port != self.transport.port() || frame.sequence != self.sequence {
                if !self.joined.is_empty() && frame.port != self.transport.port() {
                    self.window.note_frame(frame)?;
                }
                continue;
            }
            if !ours {
                take(Part::DatagramBegin(self.buffer.len(), frame.length()))?;
                ours = true;
            }
            // Only the last message may carry the mark, so each one is looked at.
            disturbed |= frame.is_interrupted();
            match answer(&frame)? {
                Answer::Done(0) => end = Some(End::Complete),
                Answer::Done(errno) => end = Some(End::Refused(errno, None)),
                Answer::Error(errno, words) => end = Some(End::Refused(errno, words)),
                Answer::No => {
                    take(Part::Message(frame))?;
                    if expects == Expects::One {
                        end = Some(End::Complete);
                    }
                }
            }
        }
        if disturbed {
            take(Part::Disturbed)?;
        }
        if ours && expects == Expects::Dump {
            take(Part::DatagramEnd(self.buffer.len()))?;
        }
        Ok(end)
    }

    /// Joins the groups that tell of changes: all of them, or none if one is refused.
    pub(crate) fn guard(&mut self, groups: &[u32], only: Option<u32>) {
        if !self.joined.is_empty() {
            return;
        }
        for &group in groups {
            if let Err(error) = self.transport.socket().add_membership(group) {
                debug!(group, %error, "cannot watch for changes while listing");
                // A listing is still possible: without events, two equal dumps prove it.
                self.unguard();
                self.refusal = Some((group, error));
                return;
            }
            self.joined.push(group);
        }
        self.window = Window::new(only);
    }

    pub(super) fn is_guarded(&self) -> bool {
        !self.joined.is_empty()
    }

    /// An error if the groups are not joined: which call the system refused, and why.
    pub(crate) fn must_be_guarded(&mut self) -> Result<(), Error> {
        if self.is_guarded() {
            return Ok(());
        }
        let call = |group| format!("setsockopt(NETLINK_ADD_MEMBERSHIP, {group})");
        Err(match self.refusal.take() {
            Some((group, cause)) => Error::call(call(group), cause),
            None => Error::new(ErrorKind::Io, call(0)),
        })
    }

    /// Leaves the groups, and throws away what came from them.
    pub(super) fn unguard(&mut self) {
        if self.joined.is_empty() {
            return;
        }
        for group in self.joined.drain(..) {
            // Only a closed socket could refuse.
            let _ = self.transport.socket().drop_membership(group);
        }
        self.drain();
    }

    /// Begins a new window after events were lost.
    ///
    /// The events that are still queued are older than the lost ones. They are not the latest
    /// state, so they are thrown away.
    pub(super) fn restart(&mut self, only: Option<u32>) {
        self.drain();
        self.window = Window::new(only);
    }

    fn drain(&mut self) {
        self.congested = false;
        let socket = self.transport.socket();
        loop {
            match receive_now(socket, &mut self.buffer, MSG_DONTWAIT | MSG_TRUNC) {
                // ENOBUFS comes once for an overflow. What is queued can be read after it.
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
            // The rest of an answer that nobody waited for is not an event.
            .filter(|message| !matches!(message, Ok(message) if message.port == port))
            .map(|message| match message {
                Ok(message) => Ok(message.body),
                Err(Malformed(why)) => Err(Error::malformed(why)),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A conversation of its own in the same namespace, for one dump.
    pub(super) fn aside(&self) -> Result<Self, Error> {
        Ok(Self::new(self.transport.fresh()?, self.limits))
    }
}

fn receive_error(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        io::ErrorKind::InvalidData => ErrorKind::Malformed,
        _ => ErrorKind::Io,
    };
    Error::call("recvfrom(NETLINK_ROUTE)", error).with_kind(kind)
}
