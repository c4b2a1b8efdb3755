//! The state of a data root, and what it needs. Pure; `view` reads it.

use std::fmt;
use std::path::PathBuf;

use mountscan::Propagation;

use crate::data_root::ownership::{Ownership, SelfBind};
use crate::mount::MountRef;
use crate::path_text::shown;

/// The state of a data root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The data root, without symlinks.
    pub root: PathBuf,
    /// The mount that holds it: the one at the root, or the one that the root lies in.
    pub holder: Holder,
    /// Whether something is mounted at the root itself.
    pub is_mounted: bool,
    /// How many mounts are stacked at the root.
    pub stacked: usize,
    /// Whether the mount at the root is the root bound onto itself.
    pub self_bind: SelfBind,
    /// Whose the mount is.
    pub ownership: Ownership,
}

/// The mount that holds a data root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The mount. Its unique id is known only if it is mounted at the root.
    pub mount: MountRef,
    /// The directory of the filesystem that it shows at the data root.
    pub shows: PathBuf,
    /// How mounts below it spread.
    pub propagation: Propagation,
}

/// What must be done so that mounts below the root spread to other namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: they spread already.
    Nothing,
    /// Nothing: the mount of an earlier start is there.
    KeepOurs,
    /// The mount of an earlier start is there, but not yet shared.
    FinishOurs,
    /// The administrator's mount at the root is made shared, as moby does.
    MakeShared,
    /// The root is bound onto itself.
    Bind,
}

/// What `prepare` is to do.
pub(crate) fn decide(status: &Status) -> Need {
    let shared = is_shared(status.holder.propagation);
    match status {
        Status {
            is_mounted: true,
            ownership,
            ..
        } if ownership.is_ours() => {
            if shared {
                Need::KeepOurs
            } else {
                Need::FinishOurs
            }
        }
        _ if shared || is_slave(status.holder.propagation) => Need::Nothing,
        Status {
            is_mounted: true, ..
        } => Need::MakeShared,
        _ => Need::Bind,
    }
}

fn is_shared(propagation: Propagation) -> bool {
    matches!(
        propagation,
        Propagation::Shared(_) | Propagation::SharedSlave { .. }
    )
}

fn is_slave(propagation: Propagation) -> bool {
    matches!(propagation, Propagation::Slave { .. })
}

impl Holder {
    /// The propagation in the words of mount_namespaces(7).
    pub(crate) fn propagation_word(&self) -> &'static str {
        match self.propagation {
            Propagation::Shared(_) => "shared",
            Propagation::SharedSlave { .. } => "shared and slave",
            Propagation::Slave { .. } => "slave",
            Propagation::Unbindable => "unbindable",
            _ => "private",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.is_mounted {
            "a mount of its own"
        } else {
            "part of the mount"
        };
        let spread = self.holder.propagation_word();
        write!(
            f,
            "{}: {at} ({}, mount {}, {spread})",
            shown(&self.root),
            shown(&self.holder.mount.mount_point),
            self.holder.mount.mount_id
        )?;
        if self.is_mounted && self.self_bind == SelfBind::Yes {
            f.write_str("; bound onto itself")?;
        }
        if self.stacked > 1 {
            write!(f, "; {} mounts stacked", self.stacked)?;
        }
        let whose = if self.ownership.is_ours() {
            "ours"
        } else {
            "not ours"
        };
        write!(f, "; {whose}: {}", self.ownership)
    }
}
