//! Opens the witness of a mount that is about to be detached lazily.

use std::sync::Arc;
use std::time::Duration;

use mountscan::MountWitness;
use rustix::fs::{Mode, OFlags, openat};

use crate::limit::within;
use crate::log::debug;
use crate::look::Ids;
use crate::mount::{Same, same};
use crate::unmount::call::Place;

/// How long the kernel may take to mark a mount. It only checks a permission. In an overlay
/// that check may ask the server of a layer.
const MARK_LIMIT: Duration = Duration::from_millis(500);

impl Place<'_> {
    /// The witness of the planned mount, if it is there. `None` also where asking may hang.
    pub(crate) fn witness(&self) -> Option<Arc<MountWitness>> {
        if self.target.may_hang {
            return None;
        }
        // O_PATH needs no right to read the root of the mount, and opens nothing at a server.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = openat(self.directory, self.name, flags, Mode::empty()).ok()?;
        let witnesses = Arc::clone(&self.execution.witnesses);
        let witness = within(MARK_LIMIT, move || witnesses.of(place));
        let Some(Ok(witness)) = witness else {
            debug!("no witness for a mount that is detached lazily");
            return None;
        };
        let identity = witness.identity();
        let seen = Ids {
            mount_id: identity.mount_id?,
            unique_id: identity.unique_id,
        };
        // Another mount may have come between the check and this look.
        let is_planned = same(&self.known(), &seen.facts()) != Same::No;
        is_planned.then(|| Arc::new(witness))
    }
}
