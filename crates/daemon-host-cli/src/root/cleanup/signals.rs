//! Holds back signals that would end the process at a bad moment.

use nix::sys::prctl::{get_pdeathsig, set_pdeathsig};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::unistd::{Pid, getppid};

/// Until this is dropped, signals that would end the process wait. This holds for this thread and
/// for the threads that it starts meanwhile.
pub(super) struct HeldSignals {
    mask: SigSet,
    /// The signal for the end of the process above, and that process.
    above: Option<(Signal, Pid)>,
}

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
        let mask = fatal.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let above = get_pdeathsig()?.map(|signal| (signal, getppid()));
        if above.is_some() {
            // It may be SIGKILL, which cannot be blocked.
            set_pdeathsig(None)?;
        }
        Ok(Self { mask, above })
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        self.mask
            .thread_set_mask()
            .expect("a mask that was in force before");
        if let Some((signal, above)) = self.above {
            let _ = set_pdeathsig(signal);
            if getppid() != above {
                // It ended meanwhile.
                let _ = raise(signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_process_above_waits_as_well() {
        // It is per thread, and this one is harmless.
        set_pdeathsig(Signal::SIGURG).unwrap();
        let held = HeldSignals::hold().unwrap();
        assert_eq!(get_pdeathsig(), Ok(None));
        assert!(SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
        drop(held);
        assert_eq!(get_pdeathsig(), Ok(Some(Signal::SIGURG)));
        set_pdeathsig(None).unwrap();
        drop(HeldSignals::hold().unwrap());
        assert_eq!(get_pdeathsig(), Ok(None));
    }
}
