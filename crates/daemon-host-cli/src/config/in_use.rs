//! Looks for the daemons that run here, and for what they were given on their command line.

use std::env;
use std::path::PathBuf;

use anyhow::anyhow;
use daemon_host::engines::{DetectOptions, Engine, FoundEngine, GivenConfig, Unread, detect};
use daemon_host::rootmount;
use nix::unistd::geteuid;

use super::choose::{Candidate, Running, choose};
use crate::place::as_here;

/// The files that may be in use here.
pub(super) struct InUse {
    /// In the order in which they count.
    pub(super) candidates: Vec<anyhow::Result<Candidate>>,
    /// Why another one may be in use: a daemon may run that cannot be seen.
    pub(super) doubt: Option<String>,
}

/// Looks for the files that may be in use here.
pub(super) fn in_use() -> InUse {
    let user = geteuid().as_raw();
    let own = own_directory().map(|dir| dir.join("docker/daemon.json"));
    let (running, doubt) = running(user);
    InUse {
        candidates: choose(user, &running, own, &usual()),
        doubt,
    }
}

/// Where the system's Docker looks if nothing else is given, by how it was installed.
fn usual() -> Vec<PathBuf> {
    let engines = Engine::built_in();
    let docker = engines.iter().filter(|engine| engine.is_called("docker"));
    let places = docker.flat_map(|engine| &engine.places);
    let configs = places.flat_map(|place| &place.configs);
    // A place in a home directory is not the system's.
    let configs = configs.filter(|config| !config.contains('<'));
    configs.map(PathBuf::from).collect()
}

/// Where programs of this user look for their configuration.
fn own_directory() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
}

/// The dockerds that run here, and why there may be others.
fn running(user: u32) -> (Vec<Running>, Option<String>) {
    let table = match rootmount::live_table() {
        Ok(table) => table,
        Err(error) => return (Vec::new(), Some(format!("{:#}", anyhow!(error)))),
    };
    let mut engines = Engine::built_in();
    engines.retain(|engine| engine.is_called("docker"));
    let detection = detect(&table, &DetectOptions::new().engines(engines));
    // The paths of a daemon in another mount namespace mean other files. Only a user's own daemon
    // has the same home there: rootlesskit gives it a mount namespace.
    let is_near = |engine: &&FoundEngine| engine.namespace.is_none() || engine.user == Some(user);
    let near = detection.engines.iter().filter(is_near);
    let running = near.flat_map(|engine| {
        engine.daemons.iter().map(|daemon| Running {
            daemon: format!("{} (pid {})", daemon.name, daemon.pid),
            user: engine.user,
            config: match &daemon.config {
                GivenConfig::File(file) => GivenConfig::File(as_here(file)),
                other => other.clone(),
            },
        })
    });
    (running.collect(), doubt(&detection.unread_processes))
}

/// Processes that could not be looked at, in words. Each may be a daemon.
fn doubt(unread: &[Unread]) -> Option<String> {
    let (first, more) = (unread.first()?, unread.len() - 1);
    Some(match more {
        0 => first.to_string(),
        more => format!("{first}, and {more} more"),
    })
}
