//! A part of the daemon that takes part in reloads and counts what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use daemon_host::{BoxError, HostConfig, Participant, Prepared};

/// Counts what it prepared, committed and took back.
#[derive(Default)]
pub(super) struct Witness {
    open: Arc<AtomicIsize>,
    committed: Arc<AtomicIsize>,
}

struct Testimony {
    open: Arc<AtomicIsize>,
    committed: Arc<AtomicIsize>,
}

impl Witness {
    /// What is wrong when this many configurations have gone through, and none is open.
    pub(super) fn differs(&self, committed: isize) -> Option<String> {
        let found = (
            self.open.load(Ordering::SeqCst),
            self.committed.load(Ordering::SeqCst),
        );
        (found != (0, committed)).then(|| {
            format!(
                "the participant has {} open and {} committed",
                found.0, found.1
            )
        })
    }
}

impl Participant for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    fn prepare(&self, _: &HostConfig, _: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Testimony {
            open: Arc::clone(&self.open),
            committed: Arc::clone(&self.committed),
        }))
    }
}

impl Prepared for Testimony {
    fn commit(self: Box<Self>) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.committed.fetch_add(1, Ordering::SeqCst);
    }

    fn rollback(self: Box<Self>) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}
