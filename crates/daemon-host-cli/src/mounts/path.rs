//! Turns a path of the command line into the form of the mount table.

use std::path::{Component, Path, PathBuf, absolute};

use anyhow::{Context as _, bail};
use daemon_host::mountscan::{self, ErrorKind, MountTable};
use daemon_host::{ANSWER_LIMIT, within};

use crate::place::as_here;

/// The path without links and `..`. A mount at the path itself is never touched. If the table has
/// the path, that is the answer. The same is true for its name in the directory to which its parent
/// leads.
///
/// # Errors
///
/// When there is no such path, and when a mount above it does not answer.
pub(super) fn settle(path: &Path, table: &MountTable) -> anyhow::Result<PathBuf> {
    let plain = absolute(as_here(path)).with_context(|| format!("{path:?} is no path"))?;
    let has_parents = plain.components().any(|part| part == Component::ParentDir);
    // First by the table alone: a mount that hangs must not even be looked at.
    if !has_parents && table.is_mount_point(&plain) {
        return Ok(plain.components().collect());
    }
    // Then by the parent directory. Links above the mount are resolved, and the mount stays
    // untouched.
    if let (Some(parent), Some(name)) = (plain.parent(), plain.file_name()) {
        let there = look_up(parent, table)?.map(|parent| parent.join(name));
        match there {
            Some(there) if table.is_mount_point(&there) => return Ok(there),
            Some(_) => {}
            None => return hidden(path, &plain, table),
        }
    }
    match look_up(&plain, table)? {
        Some(there) => Ok(there),
        None => hidden(path, &plain, table),
    }
}

/// The path of a mount to which no path leads any more, because another one lies over it.
fn hidden(path: &Path, plain: &Path, table: &MountTable) -> anyhow::Result<PathBuf> {
    match table.topmost(plain) {
        Some(_) => Ok(plain.components().collect()),
        None => bail!("{path:?} does not exist"),
    }
}

/// Where a path leads; `None` if it leads nowhere.
fn look_up(path: &Path, table: &MountTable) -> anyhow::Result<Option<PathBuf>> {
    let owned = path.to_owned();
    match within(ANSWER_LIMIT, move || mountscan::resolve(&owned)) {
        Ok(Ok(path)) => Ok(Some(path)),
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let mount = table.mount_of(path);
            let of = mount.map(|row| {
                let fs_type = row.fs_type().to_string_lossy().into_owned();
                format!(": see the {fs_type} at {:?}", row.mount_point())
            });
            let limit = ANSWER_LIMIT.as_secs();
            bail!(
                "{path:?} did not answer in {limit} s{}",
                of.unwrap_or_default()
            )
        }
    }
}
