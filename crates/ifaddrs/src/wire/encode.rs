//! Requests into bytes.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::framing::aligned;
use super::numbers::{
    IFLA_ALT_IFNAME, IFLA_EXT_MASK, IFLA_IFNAME, NLM_F_DUMP, NLM_F_REQUEST,
    RTEXT_FILTER_SKIP_STATS, RTM_GETADDR, RTM_GETLINK,
};
use crate::error::{Error, ErrorKind};

/// The longest ordinary name, `IFNAMSIZ` less the NUL.
const SHORT_NAME: usize = 15;
/// The longest alternative name, `ALTIFNAMSIZ` less the NUL.
const LONG_NAME: usize = 127;

/// Which link is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    Name(&'a OsStr),
    Index(u32),
}

impl Which<'_> {
    /// Whether it can only be an alternative name.
    pub(crate) fn is_long_name(self) -> bool {
        matches!(self, Which::Name(name) if name.as_bytes().len() > SHORT_NAME)
    }

    /// Refuses a name that no link can have. The kernel's answers to such names are misleading.
    pub(crate) fn check(self) -> Result<(), Error> {
        let Which::Name(name) = self else {
            return Ok(());
        };
        let bytes = name.as_bytes();
        let why = if bytes.is_empty() {
            "it is empty"
        } else if bytes.contains(&0) {
            "it has a NUL byte"
        } else if bytes.len() > LONG_NAME {
            "it is longer than 127 bytes"
        } else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::InvalidName,
            format!("link name {name:?}: {why}"),
        ))
    }
}

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::Name(name) => write!(f, "{name:?}"),
            Which::Index(0) => f.write_str("all links"),
            Which::Index(index) => write!(f, "ifindex {index}"),
        }
    }
}

/// `RTM_GETLINK` for one link. An alternative name of up to 15 bytes is asked for like an ordinary
/// one: the kernel looks into both lists then.
pub(crate) fn get_link(which: Which<'_>, sequence: u32) -> Vec<u8> {
    let mut message = Request::new(RTM_GETLINK, NLM_F_REQUEST, sequence);
    let index = if let Which::Index(index) = which {
        index
    } else {
        0
    };
    // `struct ifinfomsg`: family and type, the number, flags. A number of 0 means "by the name".
    message.put(&[0; 4]).put(&index.to_ne_bytes()).put(&[0; 8]);
    if let Which::Name(name) = which {
        let kind = if which.is_long_name() {
            IFLA_ALT_IFNAME
        } else {
            IFLA_IFNAME
        };
        message.attribute(kind, &[name.as_bytes(), &[0]].concat());
    }
    message.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    message.finish()
}

/// `RTM_GETLINK` for all links.
pub(crate) fn dump_links(sequence: u32) -> Vec<u8> {
    let mut message = Request::new(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence);
    message
        .put(&[0; 16])
        .attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    message.finish()
}

/// `RTM_GETADDR` for both families; `ifindex` 0 is all links.
pub(crate) fn dump_addresses(ifindex: u32, sequence: u32) -> Vec<u8> {
    let mut message = Request::new(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence);
    // `struct ifaddrmsg`: family, prefix length, flags, scope, the number. Only a strict socket
    // (Linux 4.20) filters by the number; others ignore it.
    message.put(&[0; 4]).put(&ifindex.to_ne_bytes());
    message.finish()
}

struct Request(Vec<u8>);

impl Request {
    fn new(kind: u16, flags: u16, sequence: u32) -> Self {
        let mut bytes = Vec::with_capacity(192);
        bytes.extend([0; 4]); // the length, when it is known
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]); // the kernel knows our port
        Self(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(4 + value.len()).expect("names are at most 127 bytes");
        self.put(&length.to_ne_bytes())
            .put(&kind.to_ne_bytes())
            .put(value);
        self.0.resize(aligned(self.0.len()), 0);
    }

    fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).expect("a request is short");
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }
}
