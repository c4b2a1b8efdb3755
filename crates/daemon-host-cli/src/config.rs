//! Which daemon.json a subcommand reads.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::HostConfig;

/// Where Docker looks for its configuration when nothing else is said.
const DEFAULT_CONFIG: &str = "/etc/docker/daemon.json";

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
        match fs::read(path) {
            Err(error) if optional && error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            read => read.with_context(|| format!("read {}", path.display())),
        }
    }
}
