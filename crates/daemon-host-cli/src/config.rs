//! Chooses the daemon.json that a subcommand reads.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::{HostConfig, MAX_CONFIG_LENGTH, read_config};
use nix::libc::ENOENT;

use crate::place::as_here;

/// Where Docker looks for its configuration if nothing else is given.
const DEFAULT_CONFIG: &str = "/etc/docker/daemon.json";

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The daemon.json; default /etc/docker/daemon.json, which may be missing.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Whether a file was named.
    pub(crate) fn is_named(&self) -> bool {
        self.config.is_some()
    }

    /// Reads the directories that it names.
    pub(crate) fn roots(&self) -> anyhow::Result<HostConfig> {
        Ok(HostConfig::parse_roots(&self.read()?)?)
    }

    /// The text of the file. It is empty if the usual file is missing.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<u8>> {
        let (path, optional) = match &self.config {
            Some(path) => (as_here(path), false),
            None => (PathBuf::from(DEFAULT_CONFIG), true),
        };
        let path = path.as_path();
        if is_piped_in(path) {
            return read_pipe(path).with_context(|| format!("read({path:?})"));
        }
        match read_config(path) {
            // Only a missing file counts as empty. The settings of one that cannot be read would be
            // lost.
            Err(error) if optional && error.raw_os_error() == Some(ENOENT) => Ok(Vec::new()),
            read => Ok(read?),
        }
    }
}

/// Whether the caller named a descriptor of this process, as a shell's `<(…)` does. Only then it
/// may be a pipe, and we wait for its text.
fn is_piped_in(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path == Path::new("/dev/stdin")
}

fn read_pipe(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?
        // One byte more than allowed, so that a text that is too long is noticed and not cut.
        .take(MAX_CONFIG_LENGTH + 1)
        .read_to_end(&mut text)?;
    anyhow::ensure!(
        text.len() as u64 <= MAX_CONFIG_LENGTH,
        "longer than {MAX_CONFIG_LENGTH} bytes"
    );
    Ok(text)
}
