//! Where a table comes from: the calling thread, a process, a file. Acts; everything it reads is text.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::table::MountTable;

/// Bytes asked for in one read. The kernel formats a row that overflows its page again in the next read, so
/// on tables with long rows small steps are 1.7 times cheaper than large ones.
const STEP: usize = 2048;

impl MountTable {
    /// Reads the table of the calling thread's mount namespace.
    ///
    /// `/proc/thread-self`, because a thread can be in a namespace of its own; where that is missing (before
    /// Linux 3.17), the thread's directory under `/proc/self/task`, then `/proc/self`.
    ///
    /// # Errors
    ///
    /// When `/proc` is not mounted or not readable.
    pub fn current() -> Result<MountTable, Error> {
        MountTable::current_in(Path::new("/proc"))
    }

    /// [`current`](Self::current) with a procfs that is mounted elsewhere.
    ///
    /// # Errors
    ///
    /// When the table is not readable there.
    pub fn current_in(proc: &Path) -> Result<MountTable, Error> {
        let first = proc.join("thread-self/mountinfo");
        let path = if first.exists() {
            first
        } else {
            older_path(proc)
        };
        MountTable::from_file(&path).map(MountTable::live)
    }

    /// Reads the table of a process's mount namespace, as seen from that process's root directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such process or it has exited,
    /// [`ErrorKind::PermissionDenied`] when the caller may not look into it (`ptrace(2)`, access mode
    /// `PTRACE_MODE_READ_FSCREDS`).
    pub fn of_pid(pid: u32) -> Result<MountTable, Error> {
        MountTable::of_pid_in(Path::new("/proc"), pid)
    }

    /// [`of_pid`](Self::of_pid) with a procfs that is mounted elsewhere.
    ///
    /// # Errors
    ///
    /// As [`of_pid`](Self::of_pid).
    pub fn of_pid_in(proc: &Path, pid: u32) -> Result<MountTable, Error> {
        let path = proc.join(pid.to_string()).join("mountinfo");
        MountTable::from_file(&path)
            .map(MountTable::live)
            .map_err(|error| match error.raw_os_error() {
                // A process that has exited but is not yet waited for has no namespace.
                Some(libc::EINVAL) => error.with_kind(ErrorKind::NotFound),
                _ => error,
            })
    }

    /// Reads a table from a file, such as one captured on another host.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read.
    pub fn from_file(path: &Path) -> Result<MountTable, Error> {
        let text = File::open(path).and_then(|mut file| read_all(&mut file));
        text.map(MountTable::from_bytes)
            .map_err(|cause| Error::at("read mount table", path, cause))
    }

    /// Reads a table from an open file or any other reader, to its end.
    ///
    /// # Errors
    ///
    /// The reader's failure.
    pub fn from_reader(mut reader: impl Read) -> Result<MountTable, Error> {
        read_all(&mut reader)
            .map(MountTable::from_bytes)
            .map_err(|cause| Error::io("read mount table", cause))
    }
}

/// The way before Linux 3.17, which has no `thread-self`.
fn older_path(proc: &Path) -> PathBuf {
    let thread = rustix::thread::gettid().as_raw_nonzero();
    let path = proc.join(format!("self/task/{thread}/mountinfo"));
    if path.exists() {
        path
    } else {
        proc.join("self/mountinfo")
    }
}

fn read_all(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut filled = 0;
    loop {
        if text.len() - filled < STEP {
            text.resize((text.len() * 2).max(8 * STEP), 0);
        }
        match reader.read(&mut text[filled..filled + STEP]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    text.truncate(filled);
    text.shrink_to_fit();
    Ok(text)
}
