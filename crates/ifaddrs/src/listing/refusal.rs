//! What the kernel's refusals mean, and the errors for those that mean a failure.

use std::ffi::OsStr;
use std::io;

use nix::libc;

use crate::error::{Error, ErrorKind};
use crate::facts::{Link, LinkAddrs};
use crate::wire::Which;

/// The answer for a link that does not exist.
pub(super) fn missing(which: Which<'_>) -> LinkAddrs {
    LinkAddrs::missing(match which {
        Which::Name(name) => name,
        // A link that does not exist has no name, and the question had none either.
        Which::Index(_) => OsStr::new(""),
    })
}

/// Whether a link is the one that was asked for.
pub(super) fn is_same(which: Which<'_>, now: &Link) -> bool {
    match which {
        Which::Name(name) => now.is_named(name),
        Which::Index(index) => now.ifindex == index,
    }
}

/// Whether a refusal says that there is no such link.
///
/// ERANGE is the answer to a name that is too long for the attribute. A kernel before 5.5 knows no
/// alternative names and refuses the attribute.
pub(super) fn is_missing(which: Which<'_>, errno: i32) -> bool {
    match errno {
        libc::ENODEV | libc::ERANGE => true,
        // For a name that every kernel takes, these two are real faults.
        libc::EINVAL | libc::EOPNOTSUPP => which.is_long_name(),
        _ => false,
    }
}

/// The failure of a call that the kernel refused.
pub(super) fn refused(call: &str, which: Which<'_>, errno: i32, words: Option<String>) -> Error {
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    Error::call(
        format!("{call}({which}){words}"),
        io::Error::from_raw_os_error(errno),
    )
}

/// No answer could be proved.
pub(super) fn torn(call: &str, which: Which<'_>) -> Error {
    Error::new(
        ErrorKind::Torn,
        format!("{call}({which}): addresses change too fast for a whole answer"),
    )
}
