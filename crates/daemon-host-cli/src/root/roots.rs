//! Chooses the data root and the exec root of a subcommand.

use std::fs::{canonicalize, symlink_metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use daemon_host::HostConfig;
use daemon_host::rootmount::DataRootOptions;

use super::evidence::is_directory;
use crate::config::ConfigArgs;
use crate::input::look;
use crate::place::as_here;

/// Which data root: as given, else as the daemon.json has it, else Docker's.
#[derive(Debug, clap::Args)]
pub(crate) struct RootArgs {
    /// The daemon's data root; default the configuration's, else /var/lib/docker.
    #[arg(long, visible_alias = "root", value_name = "DIR")]
    data_root: Option<PathBuf>,

    /// The daemon's run-time state, with the ownership record; default the
    /// configuration's, else /var/run/docker.
    #[arg(long, value_name = "DIR")]
    exec_root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// What the arguments and one reading of the configuration come to.
#[derive(Debug)]
pub(crate) struct Roots {
    pub(crate) options: DataRootOptions,
    /// Why the exec root may be another daemon's. `None` if the two roots belong together.
    pub(crate) doubt: Option<String>,
}

impl RootArgs {
    /// The two roots; the configuration is read only when one of them is not given, and once.
    pub(crate) fn roots(&self) -> anyhow::Result<Roots> {
        if let (Some(_), Some(_)) = (&self.data_root, &self.exec_root) {
            return Ok(self.roots_of(Ok(&HostConfig::default())));
        }
        Ok(self.roots_of(Ok(&self.config.roots()?)))
    }

    /// The same with a configuration that was read before. If it could not be, its defaults count,
    /// and the reason is a doubt.
    pub(crate) fn roots_of(&self, config: Result<&HostConfig, &str>) -> Roots {
        let options = self.options_of(config.unwrap_or(&HostConfig::default()));
        let (Some(named), None, false) = (&self.data_root, &self.exec_root, self.config.is_named())
        else {
            return Roots {
                options,
                doubt: None,
            };
        };
        let doubt = match config {
            Ok(config) => doubt(&as_here(named), config),
            Err(why) => Some(why.to_owned()),
        };
        Roots { options, doubt }
    }

    /// Whether the arguments name one daemon, by one of its roots or by its configuration.
    pub(crate) fn names_one(&self) -> bool {
        self.data_root.is_some() || self.exec_root.is_some() || self.config.is_named()
    }

    /// The two roots. An exec root that was named must exist, because a mistyped one knows no
    /// container.
    pub(crate) fn existing(&self) -> anyhow::Result<Roots> {
        let roots = self.roots()?;
        self.check()?;
        Ok(roots)
    }

    /// Fails if an exec root was named and does not exist.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if let Some(exec_root) = self.exec_root.as_ref().filter(|dir| dir.is_absolute()) {
            let exec_root = as_here(exec_root);
            ensure!(
                look(&exec_root, is_directory)
                    .and_then(|found| found)
                    .with_context(|| format!("--exec-root {exec_root:?}"))?,
                "--exec-root {exec_root:?}: no such directory"
            );
        }
        Ok(())
    }

    /// The two roots, after both have answered. Whatever waits for one of them later cannot say
    /// which one it is.
    pub(crate) fn answering(&self) -> anyhow::Result<DataRootOptions> {
        let options = self.roots()?.options;
        for (flag, root) in [
            ("--data-root", &options.root),
            ("--exec-root", &options.exec_root),
        ] {
            // Missing is an answer.
            let seen = look(root, |root| drop(symlink_metadata(root)));
            seen.with_context(|| flag.to_owned())?;
        }
        Ok(options)
    }

    fn options_of(&self, config: &HostConfig) -> DataRootOptions {
        let data_root = self.data_root.as_ref().unwrap_or(&config.data_root);
        let exec_root = self.exec_root.as_ref().unwrap_or(&config.exec_root);
        DataRootOptions::new(as_here(data_root), as_here(exec_root))
    }
}

/// Why the exec root may be another daemon's: only a data root was named, and the configuration has
/// another one.
fn doubt(named: &Path, config: &HostConfig) -> Option<String> {
    let usual = as_here(&config.data_root);
    (!is_same(named, &usual)).then(|| {
        let exec_root = as_here(&config.exec_root);
        format!(
            "it is not known where a daemon with the data root {named:?} keeps its states: \
             {exec_root:?} belongs to {usual:?}; name the place with --exec-root or --state-dir"
        )
    })
}

/// Whether two paths lead to one directory. One that does not answer is not the same.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| look(path, |path| canonicalize(path)).ok()?.ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}
