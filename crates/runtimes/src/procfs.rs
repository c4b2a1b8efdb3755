//! Answers of a checked procfs: what they mean, and in words.

use std::error::Error as _;

use mountscan::{Error, ErrorKind, Proc, ProcRoot};

/// Opens a procfs that shows the calling process. Another one belongs to a pid namespace in which
/// the caller is not, so what is missing in it may still live. The error is in words.
pub(crate) fn open(proc: &Proc) -> Result<ProcRoot, String> {
    let root = ProcRoot::open(proc).map_err(|error| words(&error))?;
    root.own_pid().map_err(|error| words(&error))?;
    Ok(root)
}

/// Whether the process, or the file of it, is not there. Something that lies over it is another
/// answer.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// The error with its cause.
pub(crate) fn words(error: &Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
