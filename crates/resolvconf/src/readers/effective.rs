//! What one reader takes of a file: servers, search list, options.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use crate::document::{Nameserver, Text};
use crate::readers::context::Context;

/// What one reader takes of a file, and what it cannot cope with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The reader's name.
    pub reader: &'static str,
    /// The servers that are asked, in order. The reader's own fallback if the file gives none.
    pub servers: Vec<Server>,
    /// Servers of the file that are never asked, because there are enough before them.
    pub unasked: Vec<Server>,
    /// The search list.
    pub search: Vec<Text>,
    /// The line of the search list; 0 when there is none, or when it is the host's own domain.
    pub search_line: usize,
    /// How many dots a name needs to be tried as it is before the search list.
    pub ndots: u32,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to try.
    pub attempts: u32,
    /// The options without a value that act.
    pub flags: Vec<&'static str>,
    /// Whether something in the file is unknown to the reader in a way that changes what it does.
    /// Go then leaves look-ups to the C library, where it can.
    pub unknown: bool,
    /// Why look-ups fail, if they do.
    pub trouble: Option<Trouble>,
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
    /// The whole file is refused. Line 0: because it names no server.
    Refused(usize),
    /// The file is given up at a line that is too long. The reader goes on as with an empty file.
    Lost(usize),
    /// No query is sent: there is no attempt, or no time.
    AsksNobody(usize),
    /// The program ends.
    EndsProgram(usize),
    /// A look-up that needs the search list fails.
    SearchFails(usize),
}

impl Server {
    /// Where to send queries. The zone becomes the number of a link of `context`, or is a number.
    /// `None` for a zone that is neither.
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
            | Self::EndsProgram(line)
            | Self::SearchFails(line) => line,
        }
    }
}
