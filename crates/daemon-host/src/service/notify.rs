//! Tells systemd about start, reload and shutdown, as in `sd_notify(3)`. Without systemd
//! nothing happens.

use rustix::time::{ClockId, Timespec, clock_gettime};
use sd_notify::NotifyState;
use tracing::debug;

/// The daemon has started, or has done reloading.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The daemon reloads. The message has the time stamp that `Type=notify-reload` needs.
pub fn reloading() {
    let status = NotifyState::Status("reloading");
    let now = microseconds(clock_gettime(ClockId::Monotonic));
    tell(&[
        NotifyState::Reloading,
        NotifyState::MonotonicUsec(now),
        status,
    ]);
}

/// The time in microseconds. sd-notify's own stamp multiplies in the width of `time_t`. On 32
/// bits that overflows when the machine has been up for 36 minutes.
fn microseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000 + i128::from(time.tv_nsec) / 1_000
}

/// The daemon shuts down.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("shutting down")]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, and that is fine.
    if let Err(error) = sd_notify::notify(false, states) {
        debug!(%error, "systemd was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_is_right_at_any_uptime() {
        let stamp = |tv_sec| {
            let tv_nsec = 999_999_999;
            microseconds(Timespec { tv_sec, tv_nsec })
        };
        assert_eq!(stamp(0), 999_999);
        assert_eq!(stamp(2_148), 2_148_999_999, "more than 32 bits hold");
        assert_eq!(stamp(i64::MAX), i128::from(i64::MAX) * 1_000_000 + 999_999);
    }
}
