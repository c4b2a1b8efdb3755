//! Collects everything about the path in question.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daemon_host::mountscan::{
    DetachedMount, Holders, HoldersOptions, MountInfo, MountTable, Namespaces, Row, Survey,
    namespaces,
};

use super::kernel_word::{self, KernelWord};
use super::lost::lost;
use crate::mounts::path::settle;
use crate::mounts::sight::{kernel_unread, part, unplaced, unseen};

/// The whole answer.
pub(super) struct Answer {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    /// Who holds the mount. If the path is a mount point only in other namespaces, it has each
    /// mount there.
    pub(super) held: Vec<(MountInfo, Holders)>,
    pub(super) kernel_word: Option<KernelWord>,
    /// Mounts that are in no table; `None` if they could not be looked for.
    pub(super) detached: Option<Vec<DetachedMount>>,
    /// How many processes could not be looked into.
    pub(super) unreadable: usize,
    /// Everything that could not be seen, in words. The unreadable processes are included.
    pub(super) unseen: Vec<String>,
}

/// What the path is in the caller's namespace.
pub(super) enum Place {
    MountPoint,
    /// It is no mount point. This is the mount on which it is, with the mounts below it.
    Other {
        on: Option<Box<MountInfo>>,
        below: Vec<MountInfo>,
    },
}

impl Answer {
    pub(super) fn find(path: &Path, ask_kernel: bool) -> anyhow::Result<Self> {
        let table = MountTable::current()?;
        // A path that only another namespace has cannot be resolved here, but it can be asked
        // about.
        let gone = |error| match is_anywhere(path) {
            Ok(true) => Ok(std::path::absolute(path)?),
            _ => Err(error),
        };
        let path = settle(path, &table).or_else(gone)?;
        let mut options = HoldersOptions::new();
        options.uses = true;
        options.unpopulated = true;
        // One look at all namespaces and processes, for all that follows.
        let survey = Arc::new(Survey::read(&options)?);
        let all = survey.namespaces();
        let info = |row: Row<'_>| MountInfo::from(row);
        let (place, asked) = match table.topmost(&path) {
            Some(row) => (Place::MountPoint, vec![info(row)]),
            None => {
                let on = table.mount_of(&path).map(|row| Box::new(info(row)));
                let below = table.under(&path).map(info).collect();
                (Place::Other { on, below }, elsewhere(all, &path))
            }
        };
        let held = asked.into_iter().map(|mount| {
            let found = survey.holders(&mount);
            (mount, found)
        });
        let held: Vec<(MountInfo, Holders)> = held.collect();
        // The search for a mount may find that sockets of further processes cannot be read.
        let unread = held.iter().map(|(_, found)| found.unreadable);
        let unreadable = unread.fold(all.unreadable, usize::max);
        let mut unseen = unseen(all, unreadable);
        let mut kernel: Vec<_> = held
            .iter()
            .flat_map(|(_, found)| &found.kernel_unread)
            .collect();
        kernel.sort();
        kernel.dedup();
        unseen.extend(kernel.into_iter().map(|path| kernel_unread(path)));
        let overlays = held.iter().flat_map(|(_, found)| &found.unplaced);
        let overlays: BTreeMap<_, _> = overlays
            .map(|m| ((m.device.major, m.device.minor), m))
            .collect();
        unseen.extend(overlays.into_values().map(unplaced));
        let detached = lost(&survey);
        unseen.extend(part(&table));
        let untold = detached.as_ref().err();
        unseen.extend(untold.map(|why| format!("detached mounts: {why}")));
        let is_here = matches!(place, Place::MountPoint);
        Ok(Self {
            kernel_word: (ask_kernel && is_here).then(|| kernel_word::ask(&path)),
            path,
            place,
            held,
            detached: detached.ok(),
            unreadable,
            unseen,
        })
    }

    /// Whether anything uses the mount; `None` if nothing was found and not everything was seen.
    pub(super) fn is_used(&self) -> Option<bool> {
        let is_busy = self.kernel_word == Some(KernelWord::Busy);
        match is_busy || self.held.iter().any(|(_, found)| found.is_used()) {
            true => Some(true),
            false => self.unseen.is_empty().then_some(false),
        }
    }

    /// Whether anything uses the mount, or another namespace has it.
    pub(super) fn is_held(&self) -> bool {
        let busy = self.kernel_word == Some(KernelWord::Busy);
        let used =
            |found: &Holders| found.is_used() || found.namespaces.iter().any(|space| !space.is_own);
        busy || self.held.iter().any(|(_, found)| used(found))
    }
}

/// The mounts at this path in any namespace. Each pair of file system and root is there once.
fn elsewhere(all: &Namespaces, path: &Path) -> Vec<MountInfo> {
    let mut found: Vec<MountInfo> = Vec::new();
    for space in &all.namespaces {
        let row = space.table.topmost(path);
        let is_new = |row: &Row<'_>| {
            let mut known = found.iter();
            !known.any(|m| m.device == row.device() && m.root == row.root())
        };
        found.extend(row.filter(is_new).map(MountInfo::from));
    }
    found
}

fn is_anywhere(path: &Path) -> anyhow::Result<bool> {
    let path = std::path::absolute(path)?;
    Ok(!elsewhere(&namespaces(&HoldersOptions::new())?, &path).is_empty())
}
