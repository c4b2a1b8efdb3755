//! What could not be read of procfs, in words.

use std::error::Error as _;
use std::path::Path;

use mountscan::{Error, ErrorKind};

use crate::unread::Unread;

/// Whether the process is gone. Something that lies over it is another answer.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// The error as something that could not be read.
pub(crate) fn unread(path: &Path, error: &Error) -> Unread {
    let why = match error.source() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    };
    Unread {
        raw_os_error: error.raw_os_error(),
        ..Unread::new(path, why)
    }
}
