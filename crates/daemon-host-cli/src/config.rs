//! Chooses the daemon.json that a subcommand reads.

use std::path::{Path, PathBuf};

use daemon_host::{HostConfig, read_config};
use nix::libc::ENOENT;

use crate::input::read_named;
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
        if let Some(path) = &self.config {
            return read_named(&as_here(path));
        }
        match read_config(Path::new(DEFAULT_CONFIG)) {
            // Only a missing file counts as empty. The settings of one that cannot be read would be
            // lost.
            Err(error) if error.raw_os_error() == Some(ENOENT) => Ok(Vec::new()),
            read => Ok(read?),
        }
    }
}
