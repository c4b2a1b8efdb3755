//! A look that may hang, with a limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a data root may take to answer. A local disk answers in milliseconds; a
/// server that has not answered by then may never do so.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Runs a look on a thread of its own and waits for it, but not longer than the limit.
///
/// The kernel lets nobody interrupt a path look-up that waits for a server. So a look that
/// hangs keeps its thread. The look must not change anything, because it may go on much later.
/// The thread sees what the caller sees: it shares its mount namespace and directories.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, answer) = mpsc::sync_channel(1);
    let start = thread::Builder::new().name("rootmount-look".to_owned());
    // A thread that cannot be started fails the look: without one there is no limit.
    start
        .spawn(move || sender.send(look()).unwrap_or_default())
        .ok()?;
    answer.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_hangs_is_given_up_and_one_that_answers_is_not() {
        assert_eq!(within(Duration::MAX, || 7), Some(7));
        let (keep, hangs) = mpsc::channel::<()>();
        let hung = within(Duration::from_millis(5), move || hangs.recv().is_ok());
        assert_eq!(hung, None);
        drop(keep);
    }
}
