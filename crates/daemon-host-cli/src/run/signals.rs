//! Signals become events, and the shutdown gets a limit.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::error;

use super::event::Event;
use crate::exit::Exit;

/// Sends each signal to the main thread; a second one that ends, ends at once.
pub(super) fn forward_signals(sender: Sender<Event>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGTERM, SIGINT])?;
    let forward = move || {
        let mut ending = false;
        for signal in signals.forever() {
            if ending && signal != SIGHUP {
                std::process::exit(Exit::Failure as i32);
            }
            ending |= signal != SIGHUP;
            if sender.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(forward)?;
    Ok(())
}

/// Ends the process when the shutdown takes too long; the next start puts it right.
pub(super) fn end_after(limit: Duration) {
    let watchdog = move || {
        thread::sleep(limit);
        error!(limit_s = limit.as_secs(), "shutdown took too long");
        std::process::exit(Exit::Failure as i32);
    };
    // Without the thread the shutdown merely has no limit.
    let _ = thread::Builder::new()
        .name("shutdown-limit".into())
        .spawn(watchdog);
}
