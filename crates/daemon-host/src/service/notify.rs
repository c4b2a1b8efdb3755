//! Tells systemd where the daemon is in its life, as in `sd_notify(3)`. Without systemd
//! nothing happens.

use sd_notify::NotifyState;
use tracing::debug;

/// The daemon has started, or has done reloading.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The daemon reloads; with the stamp that `Type=notify-reload` needs.
pub fn reloading() {
    let status = NotifyState::Status("reloading");
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now, status]),
        Err(_) => tell(&[NotifyState::Reloading, status]),
    }
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
