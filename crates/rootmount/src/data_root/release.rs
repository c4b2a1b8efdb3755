//! Takes the mount at a data root away, if it is ours.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use mountscan::{MountId, Row};

use crate::data_root::ownership::{Ownership, Record, RecordFile};
use crate::data_root::prepare::is_mounted;
use crate::data_root::record_file::RecordStore;
use crate::data_root::status::{DataRootOptions, View};
use crate::error::{Error, ErrorKind};
use crate::path::resolve_root;
use crate::path_text::shown;
use crate::plan::cleanup_plan::{CleanupPlan, RootAction, RootDecision, Step};
use crate::unmount::execute::{Detach, ExecuteOptions, execute};
use crate::unmount::report::{CleanupReport, Outcome};

/// What [`release`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Released {
    /// The mount at the root was ours and is unmounted.
    Unmounted,
    /// It was ours, and busy or with copies of mounts that it covered: it is detached
    /// lazily, with these.
    Detached,
    /// Nothing is mounted at the root.
    NotMounted,
    /// What is mounted at the root is not known to be ours, and was left.
    NotOurs(Ownership),
}

/// Unmounts the data root, if the mount there is ours.
///
/// Ours is what the ownership record names, in this boot, by the mount's identity;
/// or, where moby left its empty marker, the root bound onto itself and shared.
/// The copies that a recursive bind made of mounts below the root go along, all at
/// once; any other mount below it is not ours to take, and the root stays.
///
/// # Errors
///
/// As [`status`](crate::status); [`ErrorKind::Busy`] if mounts below the root are
/// left, or it is in use and may not be detached; others as the kernel has them.
/// The record stays after an error.
pub fn release(options: &DataRootOptions) -> Result<Released, Error> {
    release_with(options, true)
}

/// The same; `propagate` as in [`ExecuteOptions`].
pub(crate) fn release_with(options: &DataRootOptions, propagate: bool) -> Result<Released, Error> {
    let root = resolve_root(&options.root)?;
    let view = View::read(options, root)?;
    let store = RecordStore {
        exec_root: &options.exec_root,
        data_root: &view.status.root,
    };
    store.tidy();
    if !view.status.ownership.is_ours() {
        forget_dead(&view, &store)?;
        return Ok(match view.status.is_mounted {
            true => Released::NotOurs(view.status.ownership),
            false => Released::NotMounted,
        });
    }
    let mut execution = ExecuteOptions::new();
    execution.detach = options.detach;
    execution.mountinfo = options.mountinfo.clone();
    execution.whole_tree = has_copies(&view)?;
    execution.propagate = propagate;
    if execution.whole_tree {
        may_detach_copies(&view, options.detach, propagate)?;
    }
    let report = execute(&plan_of(&view, root_step(&view)), &execution)?;
    let lazily = outcome(&view, &report)?;
    store.remove()?;
    let left_private = report.steps().iter().find_map(|s| s.left_private.as_ref());
    match left_private {
        Some(failure) => {
            let text = format!(
                "release {:?}: done, but {failure}",
                shown(&view.status.root)
            );
            Err(Error::new(failure.kind, text).at(&view.status.root))
        }
        None if lazily => Ok(Released::Detached),
        None => Ok(Released::Unmounted),
    }
}

/// Whether a lazy detach was needed, or why the root is still there.
fn outcome(view: &View, report: &CleanupReport) -> Result<bool, Error> {
    let root = &view.status.root;
    if let Some(left) = report.left().next() {
        let text = format!("release {:?}: {left}", shown(root));
        return Err(match &left.outcome {
            Outcome::Failed(failure) => {
                let error = Error::new(failure.kind, text).at(root);
                failure
                    .errno
                    .map(io::Error::from_raw_os_error)
                    .into_iter()
                    .fold(error, Error::because)
            }
            _ => Error::new(ErrorKind::Busy, text).at(root),
        });
    }
    Ok(report
        .steps()
        .iter()
        .any(|done| matches!(done.outcome, Outcome::Detached { .. })))
}

/// A record of this root and boot whose mount is gone says nothing any more; neither
/// does moby's marker without a mount.
pub(crate) fn forget_dead(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    let is_dead = |record: &Record| {
        record.boot_id == view.boot_id
            && record.path == view.status.root
            && !is_mounted(view, record)
    };
    match (&view.original, &view.copy) {
        (RecordFile::Written(record), _) if is_dead(record) => store.remove(),
        (RecordFile::Absent, RecordFile::Written(record)) if is_dead(record) => store.remove(),
        (RecordFile::Moby, _) if !view.status.is_mounted => store.remove_original(),
        _ => Ok(()),
    }
}

/// Whether mounts on our bind are copies of mounts that it covers.
///
/// They go together with it, at once: one by one, a crash half way would leave the
/// root without them, and what they cover cannot be reached.
fn has_copies(view: &View) -> Result<bool, Error> {
    let table = &view.table;
    let Some(ours) = table.by_id(view.status.holder.mount_id) else {
        return Ok(false);
    };
    let on_ours: Vec<Row<'_>> = table.descendants(ours).collect();
    let ids: HashSet<_> = on_ours.iter().map(|row| row.mount_id()).collect();
    let is_copy = |row: &Row<'_>| {
        let covered = table.at(&row.mount_point());
        covered.into_iter().any(|other| {
            !ids.contains(&other.mount_id())
                && other.device() == row.device()
                && other.root() == row.root()
        })
    };
    match on_ours.iter().find(|row| !is_copy(row)) {
        None => Ok(!on_ours.is_empty()),
        Some(foreign) => {
            let root = &view.status.root;
            let point = foreign.mount_point();
            let text = format!("{:?} is mounted below {:?}", shown(&point), shown(root));
            Err(Error::new(ErrorKind::Busy, text).at(root))
        }
    }
}

fn may_detach_copies(view: &View, detach: Detach, propagate: bool) -> Result<(), Error> {
    let (kind, why) = match (detach, propagate) {
        (Detach::Never, _) => (ErrorKind::Busy, "which only a lazy detach takes along"),
        (_, false) => (ErrorKind::Unsupported, "which would go in its peers too"),
        _ => return Ok(()),
    };
    let root = &view.status.root;
    let text = format!(
        "release {:?}: it has copies of the mounts it covers, {why}",
        shown(root)
    );
    Err(Error::new(kind, text).at(root))
}

pub(crate) fn root_step(view: &View) -> Step {
    let holder = &view.status.holder;
    let row = view.table.by_id(holder.mount_id);
    Step {
        mount_id: holder.mount_id,
        unique_id: holder.unique_id,
        parent_id: row.map_or(MountId(0), |row| row.parent_id()),
        device: holder.device,
        root: holder.shows.clone(),
        mount_point: view.status.root.clone(),
        fs_type: OsStr::new("").to_os_string(),
        rule: "the data root".to_owned(),
        hidden: false,
    }
}

/// A plan that reaches the root from the directory above it.
pub(crate) fn plan_of(view: &View, step: Step) -> CleanupPlan {
    let root = view
        .status
        .root
        .parent()
        .unwrap_or(Path::new("/"))
        .to_path_buf();
    let root_decision = RootDecision {
        action: RootAction::Keep,
        reason: "it is the step itself".to_owned(),
    };
    CleanupPlan {
        root,
        steps: vec![step],
        kept: Vec::new(),
        root_decision,
    }
}
