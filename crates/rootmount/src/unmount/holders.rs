//! Finds whether a busy mount may be detached lazily, and who keeps it busy.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use mountscan::{
    HolderNamespace, HolderProcess, HoldersOptions, MountInfo, Row, holders as find_holders,
};

use crate::error::Error;
use crate::unmount::execution::Execution;
use crate::unmount::outcome::{CopyElsewhere, HeldBy};
use crate::unmount::target::Target;

/// For how many busy mounts the report names the holders. Each search looks at all processes.
const SEARCH_LIMIT: usize = 8;

/// Says whether nothing is mounted on it, and who holds it.
///
/// A lazy unmount also detaches everything that is mounted below. So it is allowed only if
/// nothing is mounted there.
pub(crate) fn who_holds(execution: &Execution, target: &Target) -> Result<(bool, HeldBy), Error> {
    let table = execution.read_table()?;
    // It is gone by now; the check before the next call notices that.
    let Some(row) = table.by_id(target.mount.mount_id) else {
        return Ok((true, HeldBy::default()));
    };
    let on_it = table
        .children(row)
        // The root of the namespace is its own parent in the table.
        .filter(|child| child.mount_id() != row.mount_id());
    let mounts: Vec<PathBuf> = on_it.map(|c| c.mount_point().into_owned()).collect();
    if mounts.is_empty() {
        return Ok((true, search(execution, row)));
    }
    Ok((false, HeldBy::of_mounts(mounts)))
}

fn search(execution: &Execution, row: Row<'_>) -> HeldBy {
    match execution.searches.fetch_add(1, Ordering::Relaxed) < SEARCH_LIMIT {
        true => find(&row.into()),
        false => HeldBy::default(),
    }
}

/// Finds the processes that use the mount, what the kernel has open on it, and other mount
/// namespaces that have a copy of it.
fn find(mount: &MountInfo) -> HeldBy {
    let mut options = HoldersOptions::new();
    options.uses = true;
    let Ok(found) = find_holders(mount, &options) else {
        return HeldBy::default();
    };
    let uses_it = |process: &&HolderProcess| !process.uses.is_empty();
    let living = found.namespaces.iter().flat_map(|n| &n.processes);
    let processes = living.chain(&found.elsewhere).filter(uses_it);
    HeldBy {
        is_searched: true,
        processes: processes.cloned().collect(),
        mounts: Vec::new(),
        copies: found.namespaces.iter().filter_map(copy).collect(),
        kernel: found.kernel,
        unreadable: found.unreadable,
    }
}

/// A foreign namespace in which no process uses the mount. Its copy alone holds the file system.
fn copy(namespace: &HolderNamespace) -> Option<CopyElsewhere> {
    let is_used = namespace.processes.iter().any(|p| !p.uses.is_empty());
    (!namespace.is_own && !is_used).then(|| CopyElsewhere {
        namespace: namespace.inode,
        process: namespace.processes.first().cloned(),
    })
}

impl HeldBy {
    /// Held by mounts on it, so that no process was searched for.
    pub(crate) fn of_mounts(mounts: Vec<PathBuf>) -> Self {
        Self {
            mounts,
            ..Self::default()
        }
    }

    /// Whether no holder is known.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
            && self.mounts.is_empty()
            && self.copies.is_empty()
            && self.kernel.is_empty()
    }
}
