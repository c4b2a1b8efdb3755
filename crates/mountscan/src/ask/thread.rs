//! Finds the files of a thread in procfs. A thread can be in another mount namespace than its
//! process.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::OFlags;

use crate::error::{Error, ErrorKind};
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys;

/// The name of the calling thread's mountinfo. Before Linux 3.17 there is no `thread-self`.
pub(crate) fn mountinfo_of(proc: &ProcDir) -> Result<String, Error> {
    let thread = rustix::thread::gettid().as_raw_nonzero();
    let older = format!("self/task/{thread}");
    for name in ["thread-self", &older] {
        let file = format!("{name}/mountinfo");
        match proc.file(&file) {
            Ok(_) => return Ok(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // A procfs of another pid namespace does not show this thread.
    Ok("self/mountinfo".into())
}

/// Opens the mountinfo of a mount namespace, as seen from the namespace's root.
///
/// A new thread enters the namespace, opens the file and ends. The open file still shows that
/// namespace. So a namespace in which no process lives can be read and polled, too.
pub(crate) fn mountinfo_in(proc: &ProcDir, namespace: BorrowedFd<'_>) -> Result<File, Error> {
    std::thread::scope(|scope| {
        let opener = scope.spawn(|| {
            sys::enter_mount_namespace(namespace)
                .map_err(|cause| Error::io("setns(CLONE_NEWNS)", cause))?;
            // The descriptor of procfs was opened before, so the file is this thread's in any
            // namespace.
            proc.file("thread-self/mountinfo")
        });
        opener
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The id of the calling thread's mount namespace; 0 if it is not known.
pub(crate) fn own_namespace_id(proc: &ProcDir) -> u64 {
    let file = proc.follow("thread-self/ns/mnt", OFlags::RDONLY).ok();
    file.and_then(|file| sys::namespace_id(file.as_fd()).ok())
        .unwrap_or(0)
}
