//! What one reader takes from a file: servers, search list, options.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use crate::document::{Nameserver, Text};
use crate::readers::context::Context;
use crate::readers::options::Value;

/// What one reader takes from a file, and why its look-ups fail, if they do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The reader's name.
    pub reader: &'static str,
    /// The servers that the reader takes, in the order in which it asks them. If the file gives
    /// none, these are the reader's own fallback. With [`trouble`](Effective::trouble) it may ask
    /// none of them. Empty if the file is refused.
    pub servers: Vec<Server>,
    /// Servers of the file that are never asked, because enough servers stand before them.
    pub unasked: Vec<Server>,
    /// The search list.
    pub search: Vec<Text>,
    /// The line of the search list; 0 if there is no list, or if it is the host's own domain.
    pub search_line: usize,
    /// A name with at least so many dots is tried as it is before the search list.
    pub ndots: u32,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to try.
    pub attempts: u32,
    /// The options without a value that have an effect.
    pub flags: Vec<&'static str>,
    /// Whether the file holds something that the reader does not know and reacts to. Go then leaves
    /// look-ups to the C library, if it can.
    pub unknown: bool,
    /// Why look-ups fail, if they do.
    pub trouble: Option<Trouble>,
}

/// The result of a file for one reader, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) trouble: Option<Trouble>,
    /// Whether the reader takes a server from the file.
    pub(crate) has_server: bool,
    /// The line that gave the last server that the reader uses, if it takes no more. Else 0.
    pub(crate) full_line: usize,
    /// The line after which the reader reads nothing more; `usize::MAX` if it reads all of them.
    pub(crate) end_line: usize,
    /// The line of the search list, 0 for none.
    pub(crate) search_line: usize,
    /// Whether there is a search list that no look-up uses, because every name has enough dots.
    pub(crate) search_unused: bool,
    /// The values of `ndots`, `timeout` and `attempts`.
    pub(crate) numbers: [Value; 3],
}

/// A server that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Server {
    /// Its address.
    pub address: Nameserver,
    /// Its port.
    pub port: u16,
    /// Its line; 0 for the reader's own fallback.
    pub line: usize,
}

/// Why look-ups of a reader fail, with the line that causes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The whole file is refused. Line 0 means: because it names no server.
    Refused(usize),
    /// The file is given up at a line that is too long. The reader continues as with an empty file.
    Lost(usize),
    /// No query is sent, because the number of attempts or the time is zero.
    AsksNobody(usize),
    /// No answer is waited for, because the time is zero. The look-up fails at once.
    WaitsForNone(usize),
    /// The program that reads the file ends.
    EndsProgram(usize),
    /// A look-up that needs the search list fails.
    SearchFails(usize),
}

impl Server {
    /// The address for a socket. The zone is the name of a link in `context`, or a number. `None`
    /// if it is neither.
    pub fn socket_addr(&self, context: &Context) -> Option<SocketAddr> {
        match self.address.address() {
            IpAddr::V4(address) => Some(SocketAddrV4::new(address, self.port).into()),
            IpAddr::V6(address) => {
                let scope = match self.address.zone() {
                    None => 0,
                    Some(zone) => context
                        .link_number(zone.as_bytes())
                        .or_else(|| zone.to_str()?.parse().ok())?,
                };
                Some(SocketAddrV6::new(address, self.port, 0, scope).into())
            }
        }
    }
}

impl Trouble {
    /// A stable name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Lost(_) => "lost",
            Self::AsksNobody(_) => "asks-nobody",
            Self::WaitsForNone(_) => "waits-for-none",
            Self::EndsProgram(_) => "ends-program",
            Self::SearchFails(_) => "search-fails",
        }
    }

    /// The line that causes it; 0 for the file as a whole.
    pub fn line(self) -> usize {
        match self {
            Self::Refused(line)
            | Self::Lost(line)
            | Self::AsksNobody(line)
            | Self::WaitsForNone(line)
            | Self::EndsProgram(line)
            | Self::SearchFails(line) => line,
        }
    }
}
