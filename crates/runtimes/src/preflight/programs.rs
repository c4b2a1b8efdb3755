//! The programs that a whole table names.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::fault::PreflightFault;
use super::locate::{Identity, executable};
use super::start::can_start;

/// A program that can start, and which file it is.
pub(crate) type Found = Result<(Identity, PathBuf), PreflightFault>;

pub(crate) fn identified(path: PathBuf) -> Found {
    let metadata = executable(&path)?;
    Ok((Identity::of(&metadata), path))
}

/// The programs of a table. Each is looked at once, however many entries name it.
pub(crate) struct Programs<'a> {
    pub(crate) search_path: &'a OsStr,
    /// By the text of the path: two that differ in a final slash are two to the kernel.
    found: BTreeMap<OsString, Found>,
}

impl<'a> Programs<'a> {
    pub(crate) fn new(search_path: &'a OsStr) -> Self {
        let found = BTreeMap::new();
        Self { search_path, found }
    }

    pub(crate) fn look(&mut self, program: &Path) -> Found {
        if let Some(found) = self.found.get(program.as_os_str()) {
            return found.clone();
        }
        let found = can_start(program, self.search_path).and_then(identified);
        self.found.insert(program.into(), found.clone());
        found
    }
}
