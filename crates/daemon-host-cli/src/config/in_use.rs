//! Looks for the daemons that run here, and for what they were given on their command line.

use std::env;
use std::path::PathBuf;

use daemon_host::engines::{DetectOptions, Engine, FoundEngine, detect};
use daemon_host::rootmount;
use nix::unistd::geteuid;

use super::choose::{Candidate, Given, choose};
use crate::place::as_here;

/// The files that may be in use here, in the order in which they count.
pub(super) fn candidates() -> anyhow::Result<Vec<Candidate>> {
    let user = geteuid().as_raw();
    let own = own_directory().map(|dir| dir.join("docker/daemon.json"));
    choose(user, &given(user), own, &usual())
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

/// The dockerds that were given a configuration file. Without a mount table none is looked for.
fn given(user: u32) -> Vec<Given> {
    let Ok(table) = rootmount::live_table() else {
        return Vec::new();
    };
    let mut engines = Engine::built_in();
    engines.retain(|engine| engine.is_called("docker"));
    let detection = detect(&table, &DetectOptions::new().engines(engines));
    // The paths of a daemon in another mount namespace mean other files. Only a user's own daemon
    // has the same home there: rootlesskit gives it a mount namespace.
    let is_near = |engine: &&FoundEngine| engine.namespace.is_none() || engine.user == Some(user);
    let near = detection.engines.iter().filter(is_near);
    let given = near.flat_map(|engine| {
        engine.daemons.iter().filter_map(|daemon| {
            Some(Given {
                daemon: format!("{} (pid {})", daemon.name, daemon.pid),
                user: engine.user,
                file: as_here(daemon.config.as_ref()?),
            })
        })
    });
    given.collect()
}
