//! Descriptors kept for the shutdown.

use std::fs::File;

/// As many as a shutdown opens at a time, and some more.
const MOST: usize = 48;

/// Open descriptors that nobody uses. Drop them before the shutdown, which needs some to
/// read the mount table; clients may have taken all others by then.
#[derive(Debug)]
pub struct Reserve {
    _files: Vec<File>,
}

impl Reserve {
    /// Takes half of the descriptors that are left, and not more than a shutdown needs.
    pub fn take() -> Self {
        let open = || File::open("/dev/null").ok();
        let mut files: Vec<File> = std::iter::from_fn(open).take(2 * MOST).collect();
        files.truncate(files.len().div_ceil(2));
        Self { _files: files }
    }
}
