//! Signals that would end the process at a bad moment wait.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// Signals that would end the process wait until this is dropped, in this thread and in
/// those that it starts meanwhile.
pub(super) struct HeldSignals(SigSet);

impl HeldSignals {
    pub(super) fn hold() -> anyhow::Result<Self> {
        let fatal = [
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGTERM,
        ];
        let fatal: SigSet = fatal.into_iter().collect();
        Ok(Self(fatal.thread_swap_mask(SigmaskHow::SIG_BLOCK)?))
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        self.0
            .thread_set_mask()
            .expect("a mask that was in force before");
    }
}
