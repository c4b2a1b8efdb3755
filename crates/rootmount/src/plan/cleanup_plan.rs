//! What a plan is, and what it is made for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use mountscan::{Device, MountId, UniqueMountId};

use crate::data_root::ownership::Ownership;
use crate::error::{Error, ErrorKind};
use crate::path_text::shown;

/// What a plan is made for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanOptions {
    /// The data root: absolute, not `/`, without `..`. For the table of a
    /// running system it must be free of symlinks; see
    /// [`resolve_root`](crate::resolve_root).
    pub root: PathBuf,
    /// Ids of live containers and of their layers. A mount whose path has one of
    /// them as a component (also as `<id>-init`, also abbreviated to twelve or
    /// more characters) is kept, with everything below it. [`live_ids`](crate::live_ids)
    /// finds the layers of containers.
    pub keep: BTreeSet<OsString>,
    /// Whose the mount at the root is, if the root is to be released at the end;
    /// from [`status`](crate::status).
    pub ownership: Option<Ownership>,
}

/// A plan of what is to be unmounted, in order, and what is not, and why.
///
/// Made by [`plan`](crate::plan()), carried out by [`execute`](crate::execute()). `Display` shows
/// it to a person; with the feature `serde` it serialises as
/// `{"steps":[…],"kept":[…],"root":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupPlan {
    pub(crate) root: PathBuf,
    pub(crate) steps: Vec<Step>,
    pub(crate) kept: Vec<Kept>,
    pub(crate) root_decision: RootDecision,
}

/// One mount that is to be unmounted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The mount's id in the table; ids are reused, so it counts only together
    /// with the other fields.
    pub mount_id: MountId,
    /// The unique id, if the table had it.
    pub unique_id: Option<UniqueMountId>,
    /// The id of the mount it is mounted on.
    pub parent_id: MountId,
    /// Device of the filesystem.
    pub device: Device,
    /// The directory of the filesystem that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// Filesystem type.
    pub fs_type: OsString,
    /// The rule that chose it, or `below <rule>` for a mount that lies below a
    /// chosen one.
    pub rule: String,
    /// Whether something else is mounted over it or over one of its parents, so
    /// that its path leads elsewhere. It is tried last, after the root itself.
    pub hidden: bool,
}

/// A mount below the root that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The mount's id in the table.
    pub mount_id: MountId,
    /// The unique id, if the table had it.
    pub unique_id: Option<UniqueMountId>,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// Why it stays.
    pub reason: KeepReason,
}

/// Why a mount stays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepReason {
    /// It belongs to a live container, by this id.
    Live(OsString),
    /// It lies below a mount of a live container, at this path.
    BelowLive(PathBuf),
    /// A mount that stays lies below it, at this path.
    HoldsKept(PathBuf),
    /// No rule matches it: it is not the daemon's.
    NoRule,
    /// The table says that it lies below a chosen mount, but its path does not.
    Inconsistent,
}

/// What is to become of the mount at the root itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootDecision {
    /// What is to be done.
    pub action: RootAction,
    /// Why.
    pub reason: String,
}

/// What is to be done with the mount at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RootAction {
    /// Something is mounted at the root, and it stays.
    Keep,
    /// The mount at the root is ours and goes last.
    Release,
    /// Nothing is mounted at the root.
    None,
}

impl PlanOptions {
    /// A plan for a root, with no live container, that leaves the root mounted.
    pub fn new(root: impl Into<PathBuf>) -> PlanOptions {
        PlanOptions {
            root: root.into(),
            keep: BTreeSet::new(),
            ownership: None,
        }
    }

    /// Adds ids of live containers or layers.
    pub fn keep<I>(mut self, ids: I) -> PlanOptions
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.keep.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Has the root released at the end if it is ours.
    pub fn release(mut self, ownership: Ownership) -> PlanOptions {
        self.ownership = Some(ownership);
        self
    }
}

/// The root as the mount table writes it: absolute, no `.`, no doubled slash.
pub(crate) fn normal_root(root: &Path) -> Result<PathBuf, Error> {
    let refuse = |why: &str| {
        Error::new(
            ErrorKind::BadRoot,
            format!("data root {:?} {why}", shown(root)),
        )
        .at(root)
    };
    if !root.is_absolute() {
        return Err(refuse("is not an absolute path"));
    }
    if root.components().any(|c| c == Component::ParentDir) {
        return Err(refuse("has '..' in it"));
    }
    if root.as_os_str().as_bytes().contains(&0) {
        return Err(refuse("has a NUL byte in it"));
    }
    let normal: PathBuf = root.components().collect();
    if normal == Path::new("/") {
        Err(refuse("is the root directory"))
    } else {
        Ok(normal)
    }
}

impl CleanupPlan {
    /// The data root the plan is for.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The mounts to unmount, in the order in which they go.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The mounts below the root that stay, in the order of the table. In a plan
    /// for chosen containers those that no rule matches are left out.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// What is to become of the mount at the root itself.
    pub fn root_decision(&self) -> &RootDecision {
        &self.root_decision
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.root_decision.action != RootAction::Release
    }
}

impl Step {
    /// Whether two steps are about the same mount.
    pub fn is_same_mount(&self, other: &Step) -> bool {
        let ids = match (self.unique_id, other.unique_id) {
            (Some(a), Some(b)) => a == b,
            _ => self.mount_id == other.mount_id,
        };
        ids && self.device == other.device
            && self.root == other.root
            && self.mount_point == other.mount_point
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeepReason::Live(id) => write!(f, "live: {}", shown(Path::new(id))),
            KeepReason::BelowLive(path) => write!(f, "below the live mount {}", shown(path)),
            KeepReason::HoldsKept(path) => write!(f, "holds {}, which is kept", shown(path)),
            KeepReason::NoRule => f.write_str("no rule matches"),
            KeepReason::Inconsistent => f.write_str("the mount table contradicts itself here"),
        }
    }
}
