//! The arguments of `run` and `reload`.

use std::path::{Path, PathBuf};

use crate::root::EvidenceArgs;

/// The control socket's name in the exec root.
pub(crate) const CONTROL_SOCKET: &str = "daemon-host.sock";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Start: sweep leftovers, prepare the data root, sweep scripts, load runtimes, then READY=1.
SIGHUP reloads, SIGTERM and SIGINT shut down. A second one changes nothing; a third one,
seconds later, ends at once and leaves the rest to the next start.

Examples:
  daemon-host run --config /etc/my-daemon/daemon.json
  daemon-host run --config daemon.json --pidfile /run/my-daemon.pid -v")]
pub(crate) struct Args {
    /// The daemon.json; read again at each reload.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,

    /// Write the process id to this file; it is removed at the end.
    #[arg(long, value_name = "FILE")]
    pub(super) pidfile: Option<PathBuf>,

    /// The control socket; default <exec-root>/daemon-host.sock.
    #[arg(long, value_name = "FILE")]
    pub(super) socket: Option<PathBuf>,

    #[command(flatten)]
    pub(super) evidence: EvidenceArgs,

    /// How long the shutdown may take, in seconds from the signal on.
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    pub(super) shutdown_limit: u64,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The daemon's report comes back; exit code 1 when it refused the new configuration, which
then has changed nothing.

Examples:
  daemon-host reload --socket /run/my-daemon/daemon-host.sock")]
pub(crate) struct ReloadArgs {
    /// The daemon's control socket.
    #[arg(long, value_name = "FILE")]
    #[arg(default_value_os_t = Path::new(daemon_host::DEFAULT_EXEC_ROOT).join(CONTROL_SOCKET))]
    pub(super) socket: PathBuf,

    /// How long the daemon may take to answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub(super) seconds: u64,
}

impl Args {
    /// The defaults, with this configuration.
    pub(crate) fn of_config(config: PathBuf) -> Self {
        Self {
            config,
            pidfile: None,
            socket: None,
            evidence: EvidenceArgs::default(),
            shutdown_limit: 15,
        }
    }
}
