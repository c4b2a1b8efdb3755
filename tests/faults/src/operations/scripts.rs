//! What must always hold in a directory of wrapper scripts, told from the files
//! alone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context;
use runtimes::{Checked, Config, RuntimeEntry, Script};
use sha2::{Digest as _, Sha256};

/// Contents of a file that was damaged before the operation began.
pub(super) const DAMAGE: &[u8] = b"#!/bin/sh\nexec '/bin/t";

/// The files of a directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Files with a script's name, and whether they hold what it says.
    pub(super) scripts: BTreeMap<String, bool>,
    /// Files of a publisher that has not finished.
    pub(super) temporary: Vec<String>,
    /// Everything else but the lock.
    pub(super) other: Vec<String>,
}

/// Reads a directory; a missing one has no files.
pub(super) fn list(dir: &Path) -> anyhow::Result<Listing> {
    let mut listing = Listing::default();
    if !dir.exists() {
        return Ok(listing);
    }
    for entry in fs::read_dir(dir).context("list the scripts")? {
        let path = entry.context("list the scripts")?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match name.rsplit_once('.') {
            _ if name == ".lock" => {}
            _ if name.starts_with(".tmp-") => listing.temporary.push(name),
            Some((_, digest)) if digest.len() == 64 => {
                let whole = is_whole(&path, digest)?;
                listing.scripts.insert(name, whole);
            }
            _ => listing.other.push(name),
        }
    }
    Ok(listing)
}

/// Whether the contents have the digest of the name, and the owner may run them.
fn is_whole(path: &Path, digest: &str) -> anyhow::Result<bool> {
    let text = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let mode = fs::metadata(path)
        .context("mode of a script")?
        .permissions()
        .mode();
    let found: String = Sha256::digest(&text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(found == digest && mode & 0o500 == 0o500)
}

impl Listing {
    /// Scripts whose contents do not match their names, except for one that was
    /// damaged beforehand and still is.
    pub(super) fn torn(&self, dir: &Path, damaged: Option<&str>) -> Vec<String> {
        let torn = self.scripts.iter().filter(|(_, whole)| !**whole);
        torn.map(|(name, _)| name)
            .filter(|name| Some(name.as_str()) != damaged || !is_as_damaged(&dir.join(name)))
            .map(|name| format!("{name} does not hold what its name says"))
            .collect()
    }

    /// Of these, the ones that are not there whole.
    pub(super) fn missing(&self, wanted: &[Script]) -> Vec<String> {
        let wanted = wanted.iter().map(Script::file_name);
        wanted
            .filter(|name| self.scripts.get(*name) != Some(&true))
            .map(|name| format!("{name} is missing or damaged"))
            .collect()
    }

    /// Files that are none of these.
    pub(super) fn beyond(&self, expected: &[Script]) -> Vec<String> {
        let known = |name: &&String| {
            expected
                .iter()
                .any(|script| script.file_name() == name.as_str())
        };
        let scripts = self.scripts.keys().filter(|name| !known(name));
        scripts
            .chain(&self.temporary)
            .chain(&self.other)
            .map(|name| format!("{name} was left behind"))
            .collect()
    }
}

fn is_as_damaged(path: &Path) -> bool {
    fs::read(path).is_ok_and(|text| text == DAMAGE)
}

/// A script for a runtime of this name, long enough that it could be cut.
pub(super) fn script(name: &str) -> anyhow::Result<Script> {
    let entry = entry(name);
    let path = entry.path.context("a wrapper has a path")?;
    Script::new(name, &path, &entry.runtime_args).context("make a script")
}

/// The configuration with an entry of each of these names.
pub(super) fn config(names: &[&str]) -> Checked {
    let mut config = Config::default();
    config.runtimes = names
        .iter()
        .map(|name| ((*name).to_owned(), entry(name)))
        .collect();
    config.check().expect("wrappers of programs")
}

fn entry(name: &str) -> RuntimeEntry {
    RuntimeEntry::wrapper(
        "/bin/true",
        ["--name", name, "it's a 'long' argument\n", &"x".repeat(600)],
    )
}
