//! Does the host-side duties of a container daemon: start, reload and shutdown, in the right
//! order. It is for authors of container daemons and node agents.
//!
//! ```no_run
//! use daemon_host::{Host, HostConfig};
//!
//! let path = std::path::Path::new("/etc/docker/daemon.json");
//! let host = Host::builder(HostConfig::load(path)?).start()?;
//! println!("{}", host.start_report());
//!
//! // On SIGHUP: all or nothing. A failure has changed nothing.
//! let report = host.reload(HostConfig::load_again(path)?)?;
//! println!("{report}");
//!
//! // A request takes one snapshot and passes it down.
//! let snapshot = host.snapshot();
//! println!("containers inherit {}", snapshot.resolv_conf().path.display());
//!
//! // On SIGTERM: sweeps, then releases the data root if it is ours.
//! host.shutdown(None::<String>)?;
//! # Ok::<(), daemon_host::Error>(())
//! ```
//!
//! # Overview
//!
//! [`HostConfig`] is the host's part of a `daemon.json`. [`Host::builder`] takes it. The
//! builder also takes what the daemon knows: live containers, clean-up rules, participants.
//! [`HostBuilder::start`] then
//!
//! 1. locks the data root and the exec root, so that there is one daemon on them;
//! 2. sweeps the mounts of containers that are proved dead, and keeps those whose state is not
//!    known;
//! 3. prepares the data root (after the sweep: a mount at the root hides leftovers);
//! 4. removes wrapper scripts that nobody references;
//! 5. loads the runtimes, and asks them for their features on a separate thread.
//!
//! [`Host::health`] says how the host is now, and [`Host::live`] which containers live.
//! [`Host::snapshot`] returns configuration and derived state as one immutable value.
//! [`Host::reload`] is a transaction: every [`Participant`] prepares on copies, then one
//! pointer is swapped, then all commit. If a participant refuses or hangs, everything is rolled
//! back in reverse order. [`Host::shutdown`] sweeps, and releases the root last. Start, reload
//! and shutdown each return a report that says what happened at every step.
//!
//! The crates it stands on are re-exported: [`mountscan`], [`rootmount`], [`engines`],
//! [`resolvconf`], [`ifaddrs`], [`rroprobe`], [`runtimes`]. [`socket_path()`] checks a Unix
//! socket's path against the 108 bytes of `sun_path` and offers short forms.
//!
//! # When not to use this
//!
//! If you need one duty only, use its crate alone. Each crate is small and knows nothing of the
//! others. The facade adds order, locks and the transaction, and no other logic.
//!
//! # Privileges and kernels
//!
//! Linux 5.10 and newer. The mount steps need `CAP_SYS_ADMIN` in the user namespace that
//! owns the mount namespace; without it they fail, the report says so, and the rest works.
//! `flock` on both roots needs write permission there.
//!
//! # Errors
//!
//! [`Error`] keeps the whole error of the crate below in `source()`. For a configuration,
//! [`Error::problems`] lists each problem. If a step failed and the host could still start,
//! that is in the report and is not an error.
//!
//! # Limitations
//!
//! A [`Host`] acts in the mount namespace of the calling thread: start, reload and shut down
//! from threads in the same namespace. Do not share the script directory with a real dockerd:
//! while both run, `data-root` must be another directory.
//!
//! # Logging
//!
//! `tracing`, target `daemon_host::…`: `info` for start, reload and shutdown, `warn` for a
//! step that failed, `debug` for participants.
//!
//! # Compared with moby
//!
//! moby does not sweep at start, and it skips all clean-up while one container lives. It
//! prepares the root before anything could have been swept. A failed reload leaves new scripts
//! behind. In moby an absent key keeps its old value; here it means the default. PARITY.md in
//! the repository lists every difference with its test.
//!
//! # Crate features, MSRV
//!
//! `service` adds the parts of a running daemon, such as its pidfile and files that are
//! replaced as a whole. `serde` gives reports, here and in the crates below, their JSON shape.
//! `tokio` turns on the async version in [`ifaddrs`]. Rust 1.85.

#![forbid(unsafe_code)]

mod bounded;
mod config;
mod container_resolv_conf;
mod error;
mod host;
mod liveness;
mod report;
#[cfg(feature = "service")]
pub mod service;
mod settings;
mod snapshot;
mod socket_path;
mod start;
mod sweep;
mod transaction;
mod within;

pub use engines;
pub use ifaddrs;
pub use mountscan;
pub use resolvconf;
pub use rootmount;
pub use rroprobe;
pub use runtimes;

pub use crate::bounded::{MAX_CONFIG_LENGTH, read_bounded};
pub use crate::config::{DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT, HostConfig, read_config};
pub use crate::error::{Error, ErrorKind};
pub use crate::host::Host;
pub use crate::liveness::{LivenessOptions, evidence, layers, look, look_from};
pub use crate::report::{Health, ReloadReport, ShutdownReport, StartReport, Step};
pub use crate::settings::HostPaths;
pub use crate::snapshot::Snapshot;
pub use crate::socket_path::{
    PLUGIN_EXEC_ROOT, SUN_PATH_MAX, SocketDir, SocketPath, hashed_socket_dir, socket_path,
};
pub use crate::start::HostBuilder;
pub use crate::transaction::{BoxError, NothingToDo, Participant, Prepared};
pub use crate::within::{ANSWER_LIMIT, within};
