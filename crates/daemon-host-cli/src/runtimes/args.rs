//! What every subcommand of `runtimes` is told, and the table that follows from it.

use std::path::{Path, PathBuf};

use daemon_host::runtimes::{Config, Inspected, Runtimes, TableOptions, answers_within};
use daemon_host::{ANSWER_LIMIT, HostConfig, HostPaths};

use crate::config::{ConfigArgs, ConfigText};

/// Fails if the file system of a path does not answer. Without that, a look at the path could keep
/// this process from ending.
pub(super) fn ensure_answers(path: &Path) -> anyhow::Result<()> {
    let limit = ANSWER_LIMIT.as_secs();
    anyhow::ensure!(
        answers_within(ANSWER_LIMIT, path),
        "{path:?} did not answer in {limit} s"
    );
    Ok(())
}

/// Which configuration and which script directory.
#[derive(Debug, clap::Args)]
pub(crate) struct TableArgs {
    #[command(flatten)]
    config: ConfigArgs,

    /// Where the wrapper scripts live; default <data-root>/runtimes.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// The daemon's run-time state; default the configuration's exec-root.
    #[arg(long, value_name = "DIR")]
    exec_root: Option<PathBuf>,
}

/// A configuration and its table.
pub(super) struct Loaded {
    pub(super) inspected: Inspected,
    pub(super) table: Runtimes,
    /// Which file was found, and why, if that has to be said.
    pub(super) found: Option<String>,
    /// Whether there is a file, and nothing in it.
    pub(super) is_blank: bool,
}

impl TableArgs {
    /// The arguments of a subcommand that takes no script directory.
    pub(crate) fn of_config(config: ConfigArgs) -> Self {
        Self {
            config,
            state: None,
            exec_root: None,
        }
    }

    /// Fails if a directory that was named does not exist. A mistyped one would know nothing
    /// that is in use.
    pub(crate) fn check_directories(&self) -> anyhow::Result<()> {
        let named = [("--exec-root", &self.exec_root), ("--state", &self.state)];
        for (flag, dir) in named {
            let Some(dir) = dir else { continue };
            ensure_answers(dir)?;
            anyhow::ensure!(dir.is_dir(), "{flag} {dir:?}: no such directory");
        }
        Ok(())
    }

    /// The configuration with all its problems, those of other parts of the file included,
    /// and the table of its sound entries.
    pub(crate) fn load(&self) -> anyhow::Result<(Inspected, Runtimes)> {
        let loaded = self.load_and_tell()?;
        Ok((loaded.inspected, loaded.table))
    }

    /// The same, with what is to be said of the file itself.
    pub(super) fn load_and_tell(&self) -> anyhow::Result<Loaded> {
        Ok(self.load_text(self.config.read()?))
    }

    /// As [`load`](Self::load), from a text that was read before.
    pub(crate) fn load_read(&self, read: ConfigText) -> (Inspected, Runtimes) {
        let loaded = self.load_text(read);
        (loaded.inspected, loaded.table)
    }

    fn load_text(&self, read: ConfigText) -> Loaded {
        let is_blank = read.is_blank();
        let mut inspected = Config::inspect(&read.text);
        // The text is not needed any more, and it may be long.
        drop(read.text);
        let settings = self.settings(&inspected);
        inspected.problems = HostConfig::problems(&inspected);
        let table = Runtimes::of_sound_entries(&inspected, &settings);
        let found = read.found;
        let told = found.map(|(path, why)| format!("read {}: {why}", path.display()));
        Loaded {
            inspected,
            table,
            found: told,
            is_blank,
        }
    }

    /// The settings; a file with problems elsewhere does not keep this from working.
    fn settings(&self, inspected: &Inspected) -> TableOptions {
        let mut config = HostConfig::roots_of(inspected).unwrap_or_default();
        if let Some(exec_root) = &self.exec_root {
            config.exec_root.clone_from(exec_root);
        }
        let mut settings =
            config.runtime_settings(&HostPaths::default(), |name| std::env::var_os(name));
        if let Some(state) = &self.state {
            settings.script_dir = std::path::absolute(state).unwrap_or_else(|_| state.clone());
        }
        settings
    }
}
