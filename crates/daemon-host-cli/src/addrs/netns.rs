//! Finds a network namespace by its file or by its name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::input::look;

/// Where iproute2 keeps the files of named namespaces.
const NAMED: &str = "/run/netns";

/// The file of a namespace. `given` is a path, or the name of a file in `/run/netns`.
pub(super) fn netns(given: &Path) -> anyhow::Result<PathBuf> {
    let named = Path::new(NAMED).join(given);
    let is_name = given.components().count() == 1 && given.as_os_str() != OsStr::new("..");
    let is_there = look(given, Path::exists)?;
    if is_name && !is_there {
        if named.exists() {
            return Ok(named);
        }
        bail!("no network namespace {given:?}: neither a file nor a name in /run/netns");
    }
    if !is_there {
        bail!("no network namespace {given:?}: there is no such file");
    }
    Ok(given.to_owned())
}
