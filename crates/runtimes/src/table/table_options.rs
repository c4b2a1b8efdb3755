//! What a table is made with besides the configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::features::ProbeOptions;

/// What a table is made with besides the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableOptions {
    /// Directory of the wrapper scripts, absolute. Docker's is `<data root>/runtimes`.
    pub script_dir: PathBuf,
    /// The daemon's run-time directory. Default `/var/run/docker`.
    pub exec_root: PathBuf,
    /// Let systemd make the cgroups of containers. Default false.
    pub systemd_cgroup: bool,
    /// Do not use pivot_root(2). Default false.
    pub no_pivot_root: bool,
    /// Where bare names are looked up, colon-separated. Default: `PATH` of the process.
    pub search_path: OsString,
    /// The limits for asking runtimes about their features.
    pub probe: ProbeOptions,
}

impl TableOptions {
    /// The options with scripts in this directory, and defaults for the rest.
    ///
    /// A relative directory is taken from the working directory of now: scripts are
    /// called from others.
    pub fn new(script_dir: impl Into<PathBuf>) -> Self {
        let script_dir = script_dir.into();
        Self {
            script_dir: std::path::absolute(&script_dir).unwrap_or(script_dir),
            exec_root: PathBuf::from("/var/run/docker"),
            systemd_cgroup: false,
            no_pivot_root: false,
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            probe: ProbeOptions::default(),
        }
    }
}
