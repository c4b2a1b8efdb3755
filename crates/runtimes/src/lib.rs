//! Keeps the OCI runtime table of a container daemon.
//!
//! For daemons whose administrators configure runtimes, and reload that configuration while
//! containers run.
//!
//! ```
//! use runtimes::{Checked, Config, Registry, TableOptions};
//!
//! let dir = tempfile::tempdir().unwrap();
//! let json = br#"{"runtimes": {"mine": {"path": "/bin/true", "runtimeArgs": ["--debug"]}}}"#;
//! let parsed = Config::parse(json)?; // or everything that is wrong, at once
//!
//! let (registry, _) = Registry::open(&parsed.config, TableOptions::new(dir.path()))?;
//! let table = registry.load();
//! registry.reload(&Checked::default())?;
//!
//! // The table of before the reload still holds, and so does its script.
//! let mine = table.resolve("mine").expect("configured in this table");
//! assert!(mine.script.unwrap().exists());
//! assert!(registry.load().lookup("mine").is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Overview
//!
//! [`Config::parse`] reads daemon.json: a [`Checked`] configuration, or all its problems at
//! once. [`Runtimes::build`] works out the table: one [`Runtime`] per name, with the shim, the
//! program, the shim's options and, for an entry with arguments, a wrapper [`Script`]
//! named after its contents. [`Registry`] publishes the scripts through a [`ScriptStore`],
//! keeps the table behind one pointer, and swaps it on [`Registry::reload`].
//! [`Registry::probe`] adds each runtime's [`Features`]. At the daemon's start
//! [`sweep()`] removes scripts that no [`References`] name.
//!
//! [`containers()`] says which containers live, and by which evidence.
//!
//! Each part can be used alone: a checker needs only [`Config::inspect`], a command that answers
//! one question [`Runtimes::resolve_and_publish`]. The [`docs`] module shows right and
//! wrong uses.
//!
//! # When not to use this
//!
//! If the runtimes are fixed when the daemon is built, call them directly. If no runtime has
//! arguments of its own, there is nothing to wrap: a configuration loader and `arc-swap` are
//! enough. To run containers, use another crate: this one only says what to run.
//!
//! # Privileges and kernels
//!
//! | what | needs | since | without |
//! |---|---|---|---|
//! | publishing | write access to the directory | | error |
//! | unshare(CLONE_FILES) | nothing | 2.6.16 | filtered: a shell writes the file |
//! | O_TMPFILE | its filesystem | 3.11 | a temporary name |
//! | /proc | mounted | | a temporary name |
//! | OFD locks | their filesystem | 3.15 | nothing is ever removed |
//! | unshare(CLONE_NEWPID) | CAP_SYS_ADMIN | 3.8 | what a probed runtime starts may outlive the probe |
//! | [`containers()`] | read access, usually root | | the container counts as unknown |
//! | [`References::scan_bundles`] | read access, usually root | | nothing is removed |
//!
//! # Errors and empty answers
//!
//! An operation that failed gives an [`Error`]. A name that cannot be resolved gives a
//! [`ResolveError`] with the reason. A missing program is an error only when its name is resolved:
//! packages may be installed after the configuration. A runtime without features document has a
//! [`FeaturesState`] that says why.
//!
//! # What runtimes do with `rro`
//!
//! What a runtime lists is not always what it does. [`FeaturesState::rro`] answers by these
//! facts. Each comes from a container that wrote to a bind mount and to a mount below it; what
//! it lists comes from the runtime's own `features` command. `cargo xtask daemons --only rro`
//! tries all of them again and compares.
//!
#![doc = include_str!("features/rro/rro.md")]
//!
//! A containerd shim tells by `-info` what the runtime behind it lists (containerd 2.0 and newer;
//! read with containerd 2.1.9 and runc 1.1.5). Where that shim cannot run its runtime, it tells
//! no features. Shims of containerd 1.6.20 and 1.7.24 refuse the question.
//!
//! # Limitations
//!
//! * Scripts pile up over reloads until the next start; each is a few hundred bytes.
//! * A script passes the environment through `/bin/sh`. Some shells drop variables whose
//!   names are not identifiers.
//! * argv\[0\] of the program is its path as configured. A bare name is looked up in the
//!   `PATH` of whoever calls the script.
//! * The writing thread starts with copies of all descriptors of the process and closes
//!   them at once; a pipe or lock of another thread can seem open for that moment.
//! * Without `CAP_SYS_ADMIN`, a child that a runtime starts in a session of its own while
//!   it is probed lives on; so does a runtime that hangs when the daemon dies.
//! * A process in a pid namespace that is not below this one is not seen when the users of
//!   a script are looked for. The bundles of its container are.
//! * Two daemons on one directory do each other no harm, but neither sweeps while the
//!   other lives. Removing the file `.lock` by hand takes that protection away.
//! * Group or others may not write to the script directory; this is checked when it is
//!   opened, not for its parents.
//!
//! # Logging
//!
//! With the feature `tracing`, at the modules' targets: `info` for a reload that changed
//! something, `debug` for publishing, probing, sweeping, `warn` for a corrupt script and
//! for a file that could not be removed.
//!
//! # Compared with moby
//!
//! Entries mean what they mean to dockerd; so do names of shims. These things differ on purpose:
//! words are quoted, and `exec` replaces the shell; scripts of live containers survive a restart;
//! all problems are reported together; probes have limits and hold up no one; a failed reload
//! leaves nothing behind; an absent key means the default again. The file PARITY.md lists every
//! case with its test.
//!
//! # Crate features, MSRV
//!
//! `tracing`: logging. Rust 1.85.

#![deny(unsafe_code)]
#![cfg_attr(
    not(feature = "tracing"),
    allow(unused_variables, reason = "some values are only logged")
)]

mod answering;
mod bounded;
mod config;
mod containers;
pub mod docs;
mod error;
mod features;
mod in_use;
mod json;
mod log;
mod names;
mod preflight;
mod proc_stat;
mod procfs;
mod reload;
mod scripts;
mod sys;
mod table;
mod unmasked;

pub use answering::answers_within;
pub use config::{
    Checked, Config, GenericOptions, Inspected, MAX_PARTS, MAX_PROBLEMS, OptionValue, Parsed,
    Problem, ProblemKind, Problems, RUNC_SHIM, RuncOptions, RuntimeEntry, ShimOptions, UnknownKey,
};
pub use containers::{
    ContainerState, Life, StateSource, States, StatesOptions, containers, live_containers,
    state_dirs,
};
pub use error::{Error, ErrorKind};
pub use features::{Features, FeaturesState, Listed, ProbeOptions, RroAnswer, RroSupport, Version};
pub use in_use::{
    BUNDLE_DIRS, Reason, References, ScriptVerdict, SweepReport, bundle_dirs, plan_sweep, sweep,
};
/// The procfs that is read: the one at `/proc`, another one, or one that is open already.
pub use mountscan::Proc;

pub use json::{MAX_DEPTH, Value};
pub use names::{DEFAULT, STOCK, is_permissible};
pub use preflight::{PreflightFault, can_start, locate};
pub use reload::{PreparedReload, Registry, TableReader};
pub use scripts::{PublishedScripts, SHELL, Script, ScriptStore, is_script_name};
pub use table::{
    ResolveError, ResolvedRuntime, Runtime, RuntimeFault, RuntimeFaultKind, RuntimeKind, Runtimes,
    TableChanges, TableOptions,
};
