//! Holds back signals that would end the process at a bad moment.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// Until this is dropped, signals that would end the process wait. This holds for this thread and
/// for the threads that it starts meanwhile.
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
        // The old mask comes back later as it was, with signals that the caller has blocked itself.
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
