//! Unmounts the mount at a data root, if it is ours.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use mountscan::{MountId, MountWitness, Row};

use crate::data_root::options::DataRootOptions;
use crate::data_root::ownership::Ownership;
use crate::data_root::record_file::RecordStore;
use crate::data_root::view::View;
use crate::error::{Error, ErrorKind};
use crate::mount::shows_the_same;
use crate::path_text::shown;
use crate::unmount::crew::engine::unmount_one;
use crate::unmount::execution::Execution;
use crate::unmount::options::{Detach, UnmountOptions};
use crate::unmount::outcome::Done;
use crate::unmount::outcome::Outcome;
use crate::unmount::target::Target;

/// What [`release`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Released {
    /// The mount at the root was ours and is unmounted.
    Unmounted,
    /// It was ours and was detached lazily. It was busy, or had copies of mounts that it
    /// covered; these copies went with it.
    Detached,
    /// Nothing is mounted at the root.
    NotMounted,
    /// The mount at the root is not known to be ours. It was left.
    NotOurs(Ownership),
}

/// Unmounts the data root, if the mount there is ours.
///
/// A mount is ours if the ownership record of this boot names it, by its identity. If moby left
/// its empty marker, it is also ours if the root is bound onto itself and shared. A recursive
/// bind makes copies of the mounts below the root. These copies go together with the root, all
/// at once. Any other mount below it is not ours, and then the root stays.
///
/// # Errors
///
/// As [`status`](crate::status); [`ErrorKind::Busy`] if mounts below the root are left, or if
/// it is in use and may not be detached; other kinds as the kernel answers. The record stays
/// after an error.
pub fn release(options: &DataRootOptions) -> Result<Released, Error> {
    release_with(options, true).map(|(released, _)| released)
}

/// [`release`] with the option `propagate`; see [`ExecuteOptions`](crate::ExecuteOptions). With it
/// comes the witness of a mount that was detached lazily.
pub(crate) fn release_with(
    options: &DataRootOptions,
    propagate: bool,
) -> Result<(Released, Option<Arc<MountWitness>>), Error> {
    let view = View::read(options)?;
    let store = RecordStore {
        exec_root: &options.exec_root,
        data_root: &view.status.root,
    };
    store.tidy();
    // A mount of somebody else stays, even if it looks like our bind.
    if !view.status.ownership.is_ours() {
        view.forget_dead(&store)?;
        let left = match view.status.is_mounted {
            true => Released::NotOurs(view.status.ownership),
            false => Released::NotMounted,
        };
        return Ok((left, None));
    }
    let has_copies = has_copies(&view)?;
    if has_copies {
        may_detach_copies(&view, options.detach, propagate)?;
    }
    let how = UnmountOptions {
        detach: options.detach,
        mountinfo: options.mountinfo.clone(),
        propagate,
        ..UnmountOptions::default()
    };
    let done = unmount_root(root_target(&view, has_copies), &how)?;
    let lazily = is_lazy(&view, &done)?;
    // After the unmount: a crash in between leaves a record without a mount, which the next
    // start removes.
    store.remove()?;
    match done.left_private {
        Some(failure) => {
            let root = &view.status.root;
            let text = format!("release {:?}: done, but {failure}", shown(root));
            Err(Error::new(failure.kind, text).at(root))
        }
        None if lazily => Ok((Released::Detached, done.witness)),
        None => Ok((Released::Unmounted, None)),
    }
}

/// Unmounts the mount at the root if it is still the target. It works from the directory above.
pub(crate) fn unmount_root(target: Target, options: &UnmountOptions) -> Result<Done, Error> {
    let root = &target.mount.mount_point;
    // A descriptor on the root itself would keep its mount busy.
    let above = root.parent().unwrap_or(Path::new("/")).to_path_buf();
    let execution = Execution::begin(&above, vec![target], std::iter::empty(), options)?;
    Ok(unmount_one(execution))
}

fn root_target(view: &View, whole_tree: bool) -> Target {
    let mount = &view.status.holder.mount;
    let row = view.table.by_id(mount.mount_id);
    Target {
        mount: mount.clone(),
        parent_id: row.map_or(MountId(0), |row| row.parent_id()),
        may_hang: false,
        whole_tree,
    }
}

/// Whether a lazy detach was needed, or why the root is still there.
fn is_lazy(view: &View, done: &Done) -> Result<bool, Error> {
    let root = &view.status.root;
    match &done.outcome {
        Outcome::Detached { .. } => Ok(true),
        gone if gone.is_gone() => Ok(false),
        outcome => {
            let text = format!("release {:?}: {outcome}", shown(root));
            Err(outcome.error(text).at(root))
        }
    }
}

/// Whether mounts on our bind are copies of mounts that it covers.
///
/// They must go together with the bind, at once. If they went one by one, a crash half way
/// would leave the root without them. The mounts that they cover could not be reached.
fn has_copies(view: &View) -> Result<bool, Error> {
    let table = &view.table;
    let Some(ours) = table.by_id(view.status.holder.mount.mount_id) else {
        return Ok(false);
    };
    let on_ours: Vec<Row<'_>> = table.descendants(ours).collect();
    let ids: HashSet<_> = on_ours.iter().map(|row| row.mount_id()).collect();
    // A copy has an id of its own. It is known by what it shows, at the place of the mount that
    // it was made from.
    let is_copy = |row: &Row<'_>| {
        let covered = table.at(&row.mount_point());
        covered
            .into_iter()
            .any(|other| !ids.contains(&other.mount_id()) && shows_the_same(other, *row))
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
        // A lazy detach of a tree reaches the peers of each mount in it.
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
