//! Keeps descriptors for the shutdown.

use std::fs::File;

/// A shutdown opens fewer descriptors than this at a time.
const MOST: usize = 48;

/// Open descriptors that nobody uses. Drop them before the shutdown, which needs some to read
/// the mount table. Clients may have taken all others by then.
#[derive(Debug)]
pub struct Reserve {
    _files: Vec<File>,
}

impl Reserve {
    /// Takes at most half of the free descriptors, and not more than a shutdown needs.
    pub fn take() -> Self {
        let open = || File::open("/dev/null").ok();
        // Twice as many are opened and half are given back: where few are left, others need
        // some too.
        let mut files: Vec<File> = std::iter::from_fn(open).take(2 * MOST).collect();
        files.truncate(files.len().div_ceil(2));
        Self { _files: files }
    }
}
