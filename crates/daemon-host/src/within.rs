//! Limits the time of work that may never end.

use std::io;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::error::Error;

/// How long a look at the file system may take. A local disk answers in milliseconds. A server that
/// has not answered by then may never do so.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Runs the work in a thread of its own and waits for it at most `limit`.
///
/// The kernel lets nobody interrupt a look-up that waits for a server. So the thread of work that
/// did not end is left behind. It ends with the process, at the latest. The work must change
/// nothing, because it may go on much later. It sees what the caller sees: the thread has the
/// caller's namespaces, root directory and credentials.
///
/// A signal is obeyed meanwhile, because the calling thread can be interrupted. If another process
/// looks into the same directory of FUSE, the kernel lets the thread wait for that one, and not
/// even SIGKILL ends it before (seen on Linux 6.18).
///
/// # Errors
///
/// [`TimedOut`](io::ErrorKind::TimedOut) if the work did not end in time, what the system says if
/// it gives no thread, and an error of its own if the work panicked.
pub fn within<R: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> R + Send + 'static,
) -> io::Result<R> {
    let (done, result) = sync_channel(1);
    let run = move || drop(done.send(work()));
    thread::Builder::new().name("look".into()).spawn(run)?;
    result.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            let why = format!("no answer in {} s", limit.as_secs_f32());
            io::Error::new(io::ErrorKind::TimedOut, why)
        }
        RecvTimeoutError::Disconnected => io::Error::other("the work panicked"),
    })
}

/// The error of a look at a path that did not come back within [`ANSWER_LIMIT`].
pub(crate) fn no_answer(path: &Path) -> Error {
    let why = format!("no answer in {} s", ANSWER_LIMIT.as_secs());
    let why = io::Error::new(io::ErrorKind::TimedOut, why);
    Error::io(format!("look at {path:?}"), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_left_behind() {
        assert_eq!(within(Duration::from_secs(60), || 7).unwrap(), 7);
        assert_eq!(within(Duration::MAX, || 7).unwrap(), 7);
        let forever = || thread::sleep(Duration::from_secs(600));
        let error = within(Duration::from_millis(20), forever).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "no answer in 0.02 s");
        let error = within(Duration::from_secs(60), || panic!("on purpose")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Other);
    }
}
