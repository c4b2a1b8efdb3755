//! Limits the time of work that may never end.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// How long a look at the file system may take, if its server may not answer.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Runs the work in a thread and waits for it at most `limit`. `None` if it did not end.
///
/// In that case the thread is left behind. It ends with the process, at the latest.
pub(crate) fn within<R: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> R + Send + 'static,
) -> Option<R> {
    let (done, result) = sync_channel(1);
    let run = move || drop(done.send(work()));
    thread::Builder::new().spawn(run).ok()?;
    result.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_left_behind() {
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
        let forever = || thread::sleep(Duration::from_secs(600));
        assert_eq!(within(Duration::from_millis(20), forever), None);
    }
}
