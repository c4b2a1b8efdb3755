//! The argument `--config`, and the text that it leads to.

use std::path::PathBuf;

use anyhow::Context as _;
use daemon_host::{HostConfig, read_config};
use nix::libc::ENOENT;
use tracing::warn;

use super::in_use::{InUse, in_use};
use crate::input::read_named;
use crate::place::as_here;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The daemon.json; default the one in use here.
    ///
    /// That is the file that a running dockerd was given, for an ordinary user else
    /// ~/.config/docker/daemon.json, else /etc/docker/daemon.json, else the one of Docker's snap.
    /// All except the first may be missing. If dockerds use different files, or one cannot be told,
    /// it has to be named. A file has at most 16 MiB, and 100000 keys and values.
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
        self.read()?.roots()
    }

    /// The text of the file. It is empty if the usual file is missing.
    ///
    /// A later call may find another daemon, another text, or nothing more in a pipe. So whoever
    /// needs several things of it reads once.
    pub(crate) fn read(&self) -> anyhow::Result<ConfigText> {
        if let Some(path) = &self.config {
            let text = read_named(&as_here(path))?;
            return Ok(ConfigText {
                text,
                found: None,
                is_file: true,
            });
        }
        let InUse { candidates, doubt } = in_use();
        if let Some(why) = doubt {
            warn!(%why, "a dockerd may run here that cannot be seen; its daemon.json is not looked for");
        }
        for candidate in candidates {
            let candidate = candidate?;
            let text = match read_config(&candidate.path) {
                // Only a missing file counts as empty. The settings of one that cannot be read
                // would be lost.
                Err(error) if candidate.may_be_missing && error.raw_os_error() == Some(ENOENT) => {
                    continue;
                }
                Err(error) => match candidate.why {
                    None => return Err(error.into()),
                    Some(why) => return Err(error).with_context(|| why),
                },
                Ok(text) => text,
            };
            let found = candidate.why.map(|why| (candidate.path, why));
            return Ok(ConfigText {
                text,
                found,
                is_file: true,
            });
        }
        Ok(ConfigText::default())
    }
}

/// The text of a daemon.json.
#[derive(Debug, Default)]
pub(crate) struct ConfigText {
    pub(crate) text: Vec<u8>,
    /// The file and why it was read, if it is neither the usual one nor the one that was named.
    pub(crate) found: Option<(PathBuf, String)>,
    is_file: bool,
}

impl ConfigText {
    /// The directories that it names.
    pub(crate) fn roots(&self) -> anyhow::Result<HostConfig> {
        Ok(HostConfig::parse_roots(&self.text)?)
    }

    /// Whether there is a file, and nothing in it. An empty object is something.
    pub(crate) fn is_blank(&self) -> bool {
        // A byte order mark alone is no content either.
        let text = self.text.strip_prefix(b"\xef\xbb\xbf");
        self.is_file && text.unwrap_or(&self.text).trim_ascii().is_empty()
    }
}
