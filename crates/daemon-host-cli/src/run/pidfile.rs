//! The file that says which process the daemon is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::atomic_write::publish;

/// The file with our process id; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Pidfile(PathBuf);

impl Pidfile {
    pub(super) fn write(path: &Path) -> anyhow::Result<Self> {
        publish(path, &format!("{}\n", std::process::id()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // The next start overwrites it; the lock decides who runs, not this file.
        let _ = fs::remove_file(&self.0);
    }
}
