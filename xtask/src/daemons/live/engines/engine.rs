//! What a scene needs of an engine.

use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is to become of a container in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing happens to it but what happens to its engine.
    Plain,
    /// Its shim is killed; the container itself lives.
    WithoutShim,
    /// Its first process is killed, and with it the container.
    Doomed,
    /// Shim and first process are killed, but a child lives on in its file system.
    Orphan,
}

/// One engine with one or more runtimes.
pub(crate) trait Engine {
    /// Starts it, where it is a daemon, and waits until it answers; its name and version.
    fn start(&mut self) -> Result<String>;

    /// Kills its daemons, and no shim and no container.
    fn kill(&mut self) -> Result<()>;

    /// Whether the engine is there to run a command in a container.
    fn answers(&self) -> bool;

    /// Directories below which it mounts what belongs to containers.
    fn roots(&self) -> Vec<PathBuf>;

    /// The containers of a scene: a name and a part each.
    fn cast(&self) -> Vec<(String, Part)>;

    /// Makes and starts a container, which sleeps.
    fn run(&self, name: &str, part: Part) -> Result<()>;

    /// The command that runs a container once: it reads the file of the image, ends, and is gone.
    /// Its exit code tells whether the file was whole.
    fn once(&self) -> Command;

    /// The host's number of its first process.
    fn init(&self, name: &str) -> Result<u32>;

    /// The engine's own command that runs a shell script in a container.
    fn exec(&self, name: &str, script: &str) -> Command;

    /// The runtime's command that does the same while no engine is there.
    fn exec_without_engine(&self, name: &str, id: &str, script: &str) -> Command;

    /// The full id, as the runtime has it.
    fn id(&self, name: &str) -> Result<String>;

    /// Stops and starts a container that lives.
    fn restart(&self, name: &str) -> Result<()>;

    /// Starts a container that was killed.
    fn start_again(&self, name: &str) -> Result<()>;

    /// What follows `daemon-host root cleanup`.
    fn clean_up_arguments(&self) -> Vec<String>;

    /// The `daemon.json` to start our daemon with.
    fn configuration(&self) -> String;

    /// Whether a mount below its roots is the engine's own, and of no container.
    fn is_own(&self, _point: &Path) -> bool {
        false
    }

    /// Whether it takes living containers over when it starts again.
    fn takes_over(&self) -> bool {
        true
    }

    /// Whether a file that the host writes below the root file system is seen in the container.
    fn sees_the_host(&self) -> bool {
        true
    }
}
