//! Replaces the content of an open file so that no reader sees anything between old and new.
//!
//! Under a write lease, anyone who opens the file waits until it is whole. But some files allow no
//! lease, and the process may be killed at any point. The order of the calls is made for both
//! cases. First the file is filled up with empty lines to the longer of the two lengths. Then one
//! call replaces the bytes that differ. Then the empty lines at the end are cut off. After each
//! call the file holds the old text or the new one, with empty lines behind it. Only while the
//! kernel copies the bytes it may hold parts of both.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, ErrorKind};
use crate::files::{read_all, write_all_at};
use crate::sys;
use crate::write::options::{WriteOptions, Written};
use crate::write::record::PADDING;

/// How often a lease is tried between two pauses, and how long a pause is.
const BURST: u32 = 64;
const PAUSE: Duration = Duration::from_micros(50);
/// How long to wait for a reader whose open began before the lease. With one busy processor that
/// reader may not run for some milliseconds.
const GRACE: Duration = Duration::from_millis(10);

/// A held lease, given back when dropped.
struct Lease<'f>(&'f OwnedFd);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Closing the file would give it back as well.
        let _ = sys::drop_lease(self.0);
    }
}

impl<'f> Lease<'f> {
    /// Tries until nobody else has the file open, at most for the time that the options give.
    fn take(file: &'f OwnedFd, patience: Duration) -> Option<Self> {
        // If the clock cannot show the deadline, there is no deadline.
        let deadline = Instant::now().checked_add(patience);
        let in_time = || deadline.is_none_or(|deadline| Instant::now() < deadline);
        // Readers finish in microseconds, so the first tries come without a pause. Only when a
        // reader stays do we leave the processor to others.
        for attempt in 1_u32.. {
            let granted = sys::take_write_lease(file.as_fd()).map(|()| Self(file));
            match granted.and_then(Self::confirm) {
                Ok(lease) => return Some(lease),
                Err(Errno::AGAIN) if in_time() => {
                    if attempt % BURST == 0 {
                        thread::sleep(PAUSE);
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Checks that no reader has the file open in spite of the lease. If one has, the lease is
    /// given back.
    ///
    /// From Linux 5.4 to 6.0 an open looks for leases first, and the kernel counts it later. So a
    /// lease may be granted while an open is half done. After a pause that open is counted, and a
    /// second request for the lease fails.
    fn confirm(self) -> Result<Self, Errno> {
        if fs::read_to_string(KERNEL_RELEASE).is_ok_and(|release| counts_late(&release)) {
            thread::sleep(GRACE);
            sys::take_write_lease(self.0.as_fd())?;
        }
        Ok(self)
    }
}

/// The safe wrapper of `uname` assumes that no seccomp filter refuses the call. So this file is
/// read instead.
const KERNEL_RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Whether the kernel counts an open only after it looked for leases. Only the version shows this.
/// Later kernels also count an open that waits, so a second request proves nothing there.
fn counts_late(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return false;
    };
    (major, minor) < (6_u32, 1_u32)
}

/// Replaces `before` by `text`. If somebody changed the file in between, the result says so.
pub(crate) fn rewrite(
    path: &Path,
    file: &OwnedFd,
    before: &[u8],
    text: &[u8],
    options: &WriteOptions,
) -> Result<Written, Error> {
    let lease = Lease::take(file, options.patience);
    let limit = before.len() as u64;
    // Under the lease the content cannot change any more, so an edit since the first read is seen.
    let same = match read_all(path, file, limit) {
        Ok(now) => now == before,
        Err(error) if error.kind() == ErrorKind::TooLarge => false,
        Err(error) => return Err(error),
    };
    if !same && !options.overwrite_edits {
        return Ok(Written::KeptEdit);
    }
    let length = before.len().max(text.len());
    let old = padded(before, length);
    let new = padded(text, length);
    write_all_at(path, file, &old[before.len()..], before.len() as u64)?;
    // If the file is not as it was read, the whole text is written, else only the part that
    // differs.
    let start = if same {
        common(old.iter(), new.iter())
    } else {
        0
    };
    let end = length
        - if same {
            common(old.iter().rev(), new.iter().rev())
        } else {
            0
        };
    if start < end {
        write_all_at(path, file, &new[start..end], start as u64)?;
    }
    if !same || text.len() < length {
        retry_on_intr(|| rustix::fs::ftruncate(file, text.len() as u64))
            .map_err(|errno| Error::io("ftruncate", path, errno))?;
    }
    // The lease is held up to here: readers may come in only when the end is cut off.
    let exclusive = lease.is_some();
    drop(lease);
    Ok(Written::Rewritten { exclusive })
}

fn padded(text: &[u8], length: usize) -> Vec<u8> {
    let mut text = text.to_vec();
    text.resize(length, PADDING);
    text
}

fn common<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::counts_late;

    #[test]
    fn kernels_that_count_late() {
        for release in ["5.10.0-46-cloud-amd64", "5.15.90", "6.0.19"] {
            assert!(counts_late(release), "{release}");
        }
        for release in ["6.1.0-56-cloud-amd64", "6.18.3+", "7.0-rc1", "", "x"] {
            assert!(!counts_late(release), "{release}");
        }
    }
}
