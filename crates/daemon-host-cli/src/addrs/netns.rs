//! Finds a network namespace by its file or by its name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// Where iproute2 keeps the files of named namespaces.
const NAMED: &str = "/run/netns";

/// The file of a namespace. `given` is a path, or the name of a file in `/run/netns`.
pub(super) fn netns(given: &Path) -> anyhow::Result<PathBuf> {
    let named = Path::new(NAMED).join(given);
    let is_name = given.components().count() == 1 && given.as_os_str() != OsStr::new("..");
    if is_name && !given.exists() {
        if named.exists() {
            return Ok(named);
        }
        bail!("no network namespace {given:?}: neither a file nor a name in /run/netns");
    }
    if !given.exists() {
        bail!("no network namespace {given:?}: there is no such file");
    }
    Ok(given.to_owned())
}
