//! The ids of containers that may live, for callers who need only these.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use mountscan::Proc;

use super::options::StatesOptions;
use super::scan::containers;
use crate::error::Error;

/// Where Docker's runtimes keep the state of containers, below its exec root.
pub fn state_dirs(exec_root: &Path) -> Vec<PathBuf> {
    StatesOptions::of_exec_root(exec_root).state_dirs
}

/// Returns the ids of all containers in these directories, except those that are proved to be dead.
///
/// `proc` is the procfs to read, such as the path `/proc`. A directory that is missing has no
/// containers.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when a directory exists and cannot be read. Then nothing
/// may be swept.
pub fn live_containers(
    state_dirs: &[PathBuf],
    proc: impl Into<Proc>,
) -> Result<BTreeSet<String>, Error> {
    let mut options = StatesOptions::new(state_dirs.iter().cloned());
    options.proc = proc.into();
    let states = containers(&options);
    if let Some((dir, why)) = states.unread.first() {
        return Err(Error::io("readdir", dir, io::Error::other(why.clone())));
    }
    let alive = states
        .by_id()
        .into_values()
        .filter(|state| !state.life.is_dead());
    Ok(alive.map(|state| state.id.clone()).collect())
}
