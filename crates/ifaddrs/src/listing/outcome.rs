//! What a query makes of its parts and of the kernel's refusals. Pure.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;

use nix::libc;

use crate::error::{Error, ErrorKind};
use crate::facts::{Address, Link, LinkAddrs};
use crate::wire::Which;

/// Links with their addresses; `None` where an address is of a link that is not in the list.
pub(crate) fn join(
    links: BTreeMap<u32, Link>,
    addrs: Vec<Address>,
    whole: bool,
) -> Option<Vec<LinkAddrs>> {
    let mut all: BTreeMap<u32, LinkAddrs> = links
        .into_iter()
        .map(|(index, link)| (index, LinkAddrs::of(link, Vec::new(), whole)))
        .collect();
    for address in addrs {
        // A link that is newer than the list of links: ask again.
        all.get_mut(&address.ifindex)?.addrs.push(address);
    }
    Some(all.into_values().collect())
}

pub(crate) fn missing(which: Which<'_>) -> LinkAddrs {
    LinkAddrs::missing(if let Which::Name(name) = which {
        name
    } else {
        OsStr::new("")
    })
}

pub(crate) fn is_same(which: Which<'_>, now: &Link) -> bool {
    match which {
        Which::Name(name) => now.is_named(name),
        Which::Index(index) => now.ifindex == index,
    }
}

/// ERANGE is what a name too long for the attribute gives; a kernel before 5.5 knows no alternative names
/// and refuses the attribute.
pub(crate) fn is_missing(which: Which<'_>, errno: i32) -> bool {
    match errno {
        libc::ENODEV | libc::ERANGE => true,
        libc::EINVAL | libc::EOPNOTSUPP => which.is_long_name(),
        _ => false,
    }
}

pub(crate) fn refused(call: &str, which: Which<'_>, errno: i32, words: Option<String>) -> Error {
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    Error::call(
        format!("{call}({which}){words}"),
        io::Error::from_raw_os_error(errno),
    )
}

pub(crate) fn torn(call: &str, which: Which<'_>) -> Error {
    Error::new(
        ErrorKind::Torn,
        format!("{call}({which}): addresses change too fast for a whole answer"),
    )
}
