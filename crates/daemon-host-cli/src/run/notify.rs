//! Telling systemd where we are, as `sd_notify(3)` has it.

use sd_notify::NotifyState;
use tracing::debug;

/// Started, or done reloading.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Reloading, with the stamp that `Type=notify-reload` needs.
pub(super) fn reloading() {
    let status = NotifyState::Status("reloading");
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now, status]),
        Err(_) => tell(&[NotifyState::Reloading, status]),
    }
}

/// On the way out.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("shutting down")]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, and that is fine.
    if let Err(error) = sd_notify::notify(false, states) {
        debug!(%error, "systemd was not told");
    }
}
