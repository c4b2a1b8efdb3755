//! How long the worker may take to end after a signal. Pure.

use std::time::{Duration, Instant};

use super::able::blocks;

/// A step that it has begun takes less.
const GRACE: Duration = Duration::from_secs(10);

/// The longest for a worker that holds the signal back, and works.
const HELD: Duration = Duration::from_secs(600);

/// A signal that asks for the worker's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) signal: i32,
    since: Instant,
    /// Since when it has not worked, as far as is known.
    idle: Instant,
}

impl Asked {
    pub(super) fn new(signal: i32) -> Self {
        let now = Instant::now();
        let (since, idle) = (now, now);
        Self {
            signal,
            since,
            idle,
        }
    }

    /// Whether the worker had its time, as its `status` in procfs is now.
    ///
    /// While it holds the signal back it is not to be interrupted: it would leave a mount private.
    /// One whose first thread can do nothing may never go on.
    pub(super) fn is_over(&mut self, status: &str, now: Instant) -> bool {
        if blocks(status, self.signal) && !is_stuck(status) {
            self.idle = now;
        }
        let past = |since: Instant| now.saturating_duration_since(since);
        past(self.idle) > GRACE || past(self.since) > HELD
    }
}

/// Whether the thread waits for the kernel, and no signal wakes it.
fn is_stuck(status: &str) -> bool {
    let mut states = status
        .lines()
        .filter_map(|line| line.strip_prefix("State:"));
    states.any(|state| state.trim_start().starts_with('D'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// After how many seconds a worker that stays as it is had its time.
    fn over_after(status: &str) -> u32 {
        let mut asked = Asked::new(15);
        let begin = asked.since;
        let over = |second: &u32| asked.is_over(status, begin + SECOND * *second);
        (0..10_000).find(over).unwrap()
    }

    #[test]
    fn a_worker_that_holds_the_signal_is_not_ended() {
        let status = |state, mask| format!("State:\t{state}\nSigBlk:\t{mask}\n");
        assert_eq!(over_after(&status("S (sleeping)", "0000000000000000")), 11);
        assert_eq!(over_after(&status("S (sleeping)", "0000000000000002")), 11);
        assert_eq!(over_after(&status("S (sleeping)", "0000000000004000")), 601);
        assert_eq!(
            over_after(&status("D (disk sleep)", "0000000000004000")),
            11
        );
        assert_eq!(over_after(""), 11);
    }

    #[test]
    fn the_time_begins_when_it_works_no_more() {
        let mut asked = Asked::new(15);
        let begin = asked.since;
        let held = "State:\tR (running)\nSigBlk:\t0000000000004000\n";
        assert!(!asked.is_over(held, begin + SECOND * 9));
        assert!(!asked.is_over("", begin + SECOND * 18));
        assert!(asked.is_over("", begin + SECOND * 20));
    }
}
