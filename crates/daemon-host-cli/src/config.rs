//! Which daemon.json a subcommand reads.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::HostConfig;

/// Where Docker looks for its configuration when nothing else is said.
const DEFAULT_CONFIG: &str = "/etc/docker/daemon.json";

/// Ten thousand runtimes take two megabytes.
const MAX_LENGTH: u64 = 64 << 20;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The daemon.json; default /etc/docker/daemon.json, which may be missing.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Where it says that things are.
    pub(crate) fn roots(&self) -> anyhow::Result<HostConfig> {
        Ok(HostConfig::parse_roots(&self.read()?)?)
    }

    /// The text of the file; empty when the usual one is missing.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<u8>> {
        let (path, optional) = match &self.config {
            Some(path) => (path.as_path(), false),
            None => (Path::new(DEFAULT_CONFIG), true),
        };
        match read_bounded(path) {
            Err(error) if optional && error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            read => read.with_context(|| format!("read {}", path.display())),
        }
    }
}

/// Reads a file, but not for ever: a device is endless.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = fs::File::open(path)?;
    file.take(MAX_LENGTH + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_LENGTH {
        return Err(io::Error::other(format!("longer than {MAX_LENGTH} bytes")));
    }
    Ok(text)
}
