//! The types of a plan, and the options that it is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use mountscan::MountId;

use crate::data_root::ownership::Ownership;
use crate::liveness::container_key::ContainerKey;
use crate::liveness::contradiction::Contradiction;
use crate::liveness::evidence::Evidence;
use crate::liveness::layer_map::LayerMap;
use crate::mount::{MountRef, Same};
use crate::path_text::shown;

/// What a plan is made for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanOptions {
    /// The data root: absolute, not `/`, without `..`. For the table of a
    /// running system it must be free of symlinks; see
    /// [`resolve_root`](crate::resolve_root).
    pub root: PathBuf,
    /// Ids of live containers and of their layers. A mount is kept, with everything below it,
    /// if its path has one of them as a component. `<id>-init` counts too, and so does an id
    /// abbreviated to twelve or more characters. [`live_ids`](crate::live_ids) finds the layers
    /// of containers.
    pub keep: BTreeSet<OsString>,
    /// What is said of ids to keep, in place of their ids: who named them.
    pub keep_words: BTreeMap<OsString, String>,
    /// Who owns the mount at the root. Give it if the root should be released at the end. It
    /// comes from [`status`](crate::status).
    pub ownership: Option<Ownership>,
    /// What is known about which containers live. Without it, a plan does not ask whether a
    /// container lives. That is right only for a captured table.
    pub evidence: Option<Evidence>,
    /// The layers of containers.
    pub layers: LayerMap,
    /// Whether the mount at the root is ours, as [`Status::ownership`](crate::Status) says. If
    /// it is, mounts on it spread only to namespaces that were made from here.
    pub root_is_ours: bool,
}

/// A plan: the mounts to unmount, in order, and the mounts that stay, with the reason for each.
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
    pub(crate) contradictions: Vec<Contradiction>,
    /// For the second judgement, when it is carried out.
    pub(crate) layers: LayerMap,
}

/// One mount that is to be unmounted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The mount.
    pub mount: MountRef,
    /// The id of the mount it is mounted on.
    pub parent_id: MountId,
    /// Filesystem type.
    pub fs_type: OsString,
    /// The rule that chose it, or `below <rule>` for a mount that lies below a
    /// chosen one.
    pub rule: String,
    /// Whether something else is mounted over it or over one of its parents. Then its path
    /// leads elsewhere. It is tried last, after the root itself.
    pub hidden: bool,
    /// The container it belongs to, if that is known: its id, or the id of a layer. `None` if
    /// the plan had no evidence.
    pub container: Option<OsString>,
    /// The namespace of containerd in which it has this id, if the rule names it.
    pub namespace: Option<OsString>,
    /// Whether unmounting it may reach mount namespaces whose processes are not seen.
    pub(crate) spreads: bool,
}

/// A mount below the root that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The mount.
    pub mount: MountRef,
    /// Why it stays.
    pub reason: KeepReason,
}

/// Why a mount stays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepReason {
    /// It belongs to a live container, by this id.
    Live(OsString),
    /// Its container lives, by this evidence.
    Lives {
        /// Its id, or the path of the mount where no id is known.
        container: OsString,
        /// The evidence: `runs: pid 24372 sleep`.
        by: String,
    },
    /// It is not known whether its container lives.
    Unknown {
        /// Why not.
        why: String,
    },
    /// It lies below a mount, at this path, that stays because its container lives or may live.
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
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            keep: BTreeSet::new(),
            keep_words: BTreeMap::new(),
            ownership: None,
            evidence: None,
            layers: LayerMap::new(),
            root_is_ours: false,
        }
    }

    /// Adds ids of live containers or layers.
    pub fn keep<I>(mut self, ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.keep.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Adds ids to keep, each with what is said of it: `named by --keep web`.
    pub fn keep_as(mut self, ids: impl IntoIterator<Item = (OsString, String)>) -> Self {
        for (id, words) in ids {
            self.keep.insert(id.clone());
            self.keep_words.insert(id, words);
        }
        self
    }

    /// Chooses only what this evidence proves to be dead.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }

    /// Says which layers belong to which container.
    pub fn layers(mut self, layers: LayerMap) -> Self {
        self.layers = layers;
        self
    }

    /// Says whether the mount at the root is ours.
    pub fn root_is_ours(mut self, is_ours: bool) -> Self {
        self.root_is_ours = is_ours;
        self
    }

    /// Plans to release the root at the end, if it is ours.
    pub fn release(mut self, ownership: Ownership) -> Self {
        self.ownership = Some(ownership);
        self
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

    /// Why mounts that look like leftovers cannot be judged. These mounts are kept.
    pub fn contradictions(&self) -> &[Contradiction] {
        &self.contradictions
    }

    /// Whether something is kept only because it is not known whether it lives.
    pub fn is_uncertain(&self) -> bool {
        let is_unknown = |kept: &Kept| matches!(kept.reason, KeepReason::Unknown { .. });
        !self.contradictions.is_empty() || self.kept.iter().any(is_unknown)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.root_decision.action != RootAction::Release
    }
}

impl Step {
    /// Its container; where none is known, each mount is a case of its own.
    pub(crate) fn container_key(&self) -> ContainerKey {
        let alone = self.mount.mount_point.as_os_str();
        ContainerKey {
            namespace: self.namespace.clone(),
            id: self.container.as_deref().unwrap_or(alone).to_owned(),
        }
    }

    /// Whether two steps are about the same mount, at the same place.
    pub fn is_same_mount(&self, other: &Self) -> bool {
        self.mount.same(&other.mount) != Same::No
            && self.mount.mount_point == other.mount.mount_point
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(id) => write!(f, "live: {}", shown(Path::new(id))),
            Self::Lives { by, .. } => f.write_str(by),
            Self::Unknown { why } => write!(f, "cannot be told: {why}"),
            Self::BelowLive(path) => write!(f, "below the live mount {}", shown(path)),
            Self::HoldsKept(path) => write!(f, "holds {}, which is kept", shown(path)),
            Self::NoRule => f.write_str("no rule matches"),
            Self::Inconsistent => f.write_str("the mount table contradicts itself here"),
        }
    }
}
