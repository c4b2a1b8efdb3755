//! Ctrl-C: machines end, temporary files go, nothing is half-written.

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on the first signal sets a flag; a second one ends the program
/// at once, and the kernel kills its machines.
pub(crate) fn watch() -> Result<()> {
    let flag = ASKED.get_or_init(Arc::default);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(flag)))
            .context("catching signals")?;
    }
    Ok(())
}

/// True after the first signal.
pub(crate) fn is_set() -> bool {
    ASKED.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}
