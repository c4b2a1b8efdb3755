//! Sets up a host.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rootmount::{Claim, Witness};

use super::setup::Setup;
use super::steps::start;
use crate::config::HostConfig;
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::host::Host;
use crate::settings::HostPaths;
use crate::transaction::Participant;

/// A host that is being set up. Made by [`Host::builder`].
#[must_use = "a builder does nothing until it is started"]
pub struct HostBuilder {
    setup: Setup,
}

impl HostBuilder {
    pub(crate) fn new(config: HostConfig) -> Self {
        Self {
            setup: Setup::new(config),
        }
    }

    /// Spares the mounts of a container that has lived since before the start, and those of its
    /// layers. Containers that live by the evidence are spared without this call.
    pub fn live_container(mut self, id: impl Into<OsString>) -> Self {
        self.setup.live.insert(id.into());
        self
    }

    /// Adds a witness that knows which containers live: the daemon itself, or a reader of the
    /// states of its own runtime.
    pub fn witness(mut self, witness: impl Witness + 'static) -> Self {
        self.setup.liveness = self.setup.liveness.witness(Arc::new(witness));
        self
    }

    /// Looks for states of containers in these directories. The usual ones below the exec root
    /// are still read if they exist.
    pub fn state_dirs(mut self, dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        self.setup.liveness = self.setup.liveness.state_dirs(dirs);
        self
    }

    /// Claims that no container lives. The claim decides where no evidence does. Evidence that
    /// something lives still wins.
    pub fn none_live(mut self) -> Self {
        self.setup.liveness = self.setup.liveness.claim(Claim::NoneLive);
        self
    }

    /// How long a mount must look dead before it is unmounted, if another engine runs on the
    /// exec root. The default is ten seconds.
    pub fn settle(mut self, pause: Duration) -> Self {
        self.setup.settle = pause;
        self
    }

    /// Adds a clean-up rule: a regular expression over the path below the data root, which must
    /// match the whole path.
    pub fn rule(mut self, pattern: impl Into<String>) -> Self {
        self.setup.rules.push(pattern.into());
        self
    }

    /// Scans bundles of containerd's runc shim below `dir` for scripts in use, besides
    /// containerd's usual places.
    pub fn bundles(mut self, dir: impl Into<PathBuf>) -> Self {
        self.setup.bundles.push(dir.into());
        self
    }

    /// Keeps a wrapper script that a live container was started with.
    pub fn script_in_use(mut self, script: impl Into<PathBuf>) -> Self {
        self.setup.scripts_in_use.push(script.into());
        self
    }

    /// Adds a part of the daemon that takes part in the start and in reloads, after those
    /// before it.
    pub fn participant(mut self, participant: Arc<dyn Participant>) -> Self {
        self.setup.participants.push(participant);
        self
    }

    /// How long one participant may take to prepare; default ten seconds.
    pub fn reload_limit(mut self, limit: Duration) -> Self {
        self.setup.reload_limit = limit;
        self
    }

    /// Where the host shows what it runs on, for tests and containers.
    pub fn host_paths(mut self, paths: HostPaths) -> Self {
        self.setup.paths = paths;
        self
    }

    /// Starts the host: sweeps leftover mounts, prepares the data root, sweeps wrapper scripts,
    /// loads the runtimes. Participants prepare first, from the default configuration to this
    /// one, and commit last.
    ///
    /// A mount is swept only if its container is proved dead. The proof comes from the states
    /// of runtimes, the bundles of shims, all processes, and the witnesses. A mount whose state
    /// is not known is kept, and the report says so. If a sweep or a preparation fails, the
    /// report says so and the daemon still starts, as in moby. If a sweep left something, the
    /// root is not prepared, because the mount would hide it. Missing roots are made with mode
    /// 0700.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyRunning`] when another daemon holds the data root or the exec root;
    /// [`ErrorKind::InvalidInput`] when a rule does not compile, when both roots are one
    /// directory, or when another user may write to the exec root; [`ErrorKind::ReloadRefused`]
    /// and [`ErrorKind::TimedOut`] from a participant; [`ErrorKind::Crate`] when the runtimes
    /// cannot be loaded. After an error no new mount is left.
    ///
    /// # Privileges
    ///
    /// `CAP_SYS_ADMIN` for mounts; without it those steps fail and the rest works.
    pub fn start(self) -> Result<Host, Error> {
        start(self.setup).map(Host::new)
    }
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostBuilder")
            .field("config", &self.setup.config)
            .finish_non_exhaustive()
    }
}
