//! Kernel answers into values: bytes in, messages out, an error for what cannot be read.

use super::address::address;
use super::framing::{self, Frame, Malformed, attributes, until_nul};
use super::link::link;
use super::numbers::{
    NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR, NLMSGERR_ATTR_MSG, RTM_DELADDR,
    RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK,
};
use crate::error::Error;
use crate::facts::{Address, Link};

/// One message of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The number of the request that it answers. In an event: 0, or the number that the
    /// changer gave to its own request.
    pub sequence: u32,
    /// The port of the socket whose request it answers; 0 when the kernel itself made the change.
    pub port: u32,
    /// True when the list changed while it was dumped (`NLM_F_DUMP_INTR`).
    pub interrupted: bool,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// An address that exists, or that was added or changed.
    Address(Address),
    /// An address that was removed.
    AddressGone(Address),
    /// A link that exists, or that was added or changed.
    Link(Link),
    /// A link that was removed.
    LinkGone(Link),
    /// The end of a dump. A number other than 0 is the error that ended it.
    Done(i32),
    /// The answer to a request: an error number or 0, and the kernel's words if it gave any.
    Answer(i32, Option<String>),
    /// Anything else, by the number of its type.
    Other(u16),
}

/// Decodes a datagram of `NETLINK_ROUTE`. A [`Handle`](crate::Handle) uses the same code.
///
/// The iterator ends after the first error. It takes any bytes without panicking, and it allocates
/// no more than they hold.
///
/// # Errors
///
/// Each item may be an error of kind [`Malformed`](crate::ErrorKind::Malformed).
///
/// # Examples
///
/// ```
/// assert_eq!(ifaddrs::decode(&[]).count(), 0);
/// assert!(ifaddrs::decode(&[1, 2, 3]).next().unwrap().is_err());
/// ```
///
/// # References
///
/// [`rtnetlink(7)`](https://man7.org/linux/man-pages/man7/rtnetlink.7.html),
/// [`netlink(7)`](https://man7.org/linux/man-pages/man7/netlink.7.html).
pub fn decode(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Error>> + '_ {
    messages(datagram).map(|message| message.map_err(|Malformed(why)| Error::malformed(why)))
}

pub(crate) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message, Malformed>> + '_ {
    framing::frames(datagram).map(|frame| message(frame?))
}

fn message(frame: Frame<'_>) -> Result<Message, Malformed> {
    Ok(Message {
        sequence: frame.sequence,
        port: frame.port,
        interrupted: frame.is_interrupted(),
        body: body(&frame)?,
    })
}

pub(crate) fn body(frame: &Frame<'_>) -> Result<Body, Malformed> {
    let other = Body::Other(frame.kind);
    Ok(match frame.kind {
        RTM_NEWADDR => address(frame.payload)?.map_or(other, Body::Address),
        RTM_DELADDR => address(frame.payload)?.map_or(other, Body::AddressGone),
        RTM_NEWLINK => link(frame.payload)?.map_or(other, Body::Link),
        RTM_DELLINK => link(frame.payload)?.map_or(other, Body::LinkGone),
        _ => match answer(frame)? {
            Answer::Done(errno) => Body::Done(errno),
            Answer::Error(errno, words) => Body::Answer(errno, words),
            Answer::No => other,
        },
    })
}

/// Whether a message ends an exchange, and how.
pub(crate) enum Answer {
    /// The end of a dump, with an error number or 0.
    Done(i32),
    /// The answer to a request, with an error number or 0, and the kernel's words.
    Error(i32, Option<String>),
    /// It does not end one.
    No,
}

pub(crate) fn answer(frame: &Frame<'_>) -> Result<Answer, Malformed> {
    match frame.kind {
        NLMSG_DONE => Ok(Answer::Done(-status(frame.payload)?)),
        NLMSG_ERROR => error(frame),
        _ => Ok(Answer::No),
    }
}

fn status(payload: &[u8]) -> Result<i32, Malformed> {
    let bytes = payload
        .first_chunk::<4>()
        .ok_or(Malformed("status cut short"))?;
    // The kernel sends 0 and negative numbers. The smallest one could not be negated.
    Ok(i32::from_ne_bytes(*bytes).max(-i32::MAX))
}

fn error(frame: &Frame<'_>) -> Result<Answer, Malformed> {
    let errno = -status(frame.payload)?;
    if frame.flags & NLM_F_ACK_TLVS == 0 {
        return Ok(Answer::Error(errno, None));
    }
    // After the status comes the request's header, and the rest of the request unless it was
    // capped.
    let request = frame.payload.get(4..).unwrap_or_default();
    let taken = match request.first_chunk::<4>() {
        Some(length) if frame.flags & NLM_F_CAPPED == 0 => u32::from_ne_bytes(*length) as usize,
        _ => framing::HEADER,
    };
    let mut words = None;
    for attribute in attributes(request.get(taken..).unwrap_or_default()) {
        let (kind, value) = attribute?;
        if kind == NLMSGERR_ATTR_MSG {
            words = Some(String::from_utf8_lossy(until_nul(value)).into_owned());
        }
    }
    Ok(Answer::Error(errno, words))
}
