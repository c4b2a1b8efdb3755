//! Unmounts the one mount at a data root, from the directory above it.

use std::path::Path;

use crate::error::Error;
use crate::unmount::crew::engine::unmount_one;
use crate::unmount::execution::Execution;
use crate::unmount::options::UnmountOptions;
use crate::unmount::outcome::Done;
use crate::unmount::target::Target;

/// Unmounts what is at the root, if it is still the target.
pub(crate) fn unmount_root(target: Target, options: &UnmountOptions) -> Result<Done, Error> {
    let root = &target.mount.mount_point;
    let above = root.parent().unwrap_or(Path::new("/")).to_path_buf();
    let execution = Execution::begin(&above, vec![target], std::iter::empty(), options)?;
    Ok(unmount_one(execution))
}
