//! The command line of `cargo xtask vm`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::source::fetch::Source;

/// Arguments of `cargo xtask vm`.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Args {
    /// Only these kernels: 5.10, 6.1, 6.12, 6.18, newest
    #[arg(long, global = true, value_delimiter = ',')]
    pub(super) kernel: Vec<String>,
    /// Only tests whose name contains this
    #[arg(long)]
    pub(super) test: Vec<String>,
    /// Build and run only the tests of this package: vm, mountscan, …
    #[arg(long, short, value_name = "NAME")]
    pub(super) package: Vec<String>,
    /// Put this into the environment of the tests, as MOUNT_CHURN_SECONDS=60
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(super) env: Vec<(String, String)>,
    /// Run all kernels even after one has failed
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Machines at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(super) jobs: u8,
    /// A shell in the guest instead of the tests
    #[arg(long)]
    pub(super) shell: bool,
    /// Fail when a pinned package has vanished, instead of taking a newer one
    #[arg(long, global = true)]
    pub(super) locked: bool,
    /// Debian archive to fetch from, instead of this machine's own
    #[arg(long, global = true, value_name = "URL")]
    pub(super) mirror: Option<String>,
    /// Take this suite though its index is out of date; its signature is checked all the same
    #[arg(long, global = true, value_name = "SUITE")]
    allow_expired: Vec<String>,
    /// Boot this kernel instead
    #[arg(long, value_name = "FILE", conflicts_with = "kernel")]
    pub(super) kernel_image: Option<PathBuf>,
    /// Modules of that kernel
    #[arg(long, value_name = "DIR", requires = "kernel_image")]
    pub(super) modules: Option<PathBuf>,
    /// Seconds after which a machine is given up
    #[arg(long, default_value_t = 900)]
    pub(super) deadline: u64,
    /// A lane that cannot run is a failure, not a skip
    #[arg(long)]
    pub(crate) require: bool,
    /// Build all test binaries of the workspace, as `cargo xtask test` does
    #[arg(long, hide = true)]
    pub(crate) workspace: bool,
    #[command(subcommand)]
    pub(super) action: Option<Action>,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// Fetch the kernels into the cache and stop
    Fetch,
    /// Pin the newest kernel of each series in the lock file
    Update,
    /// Say what this lane has and lacks on this machine
    Doctor,
    /// Become a program that dies with its parent
    #[command(hide = true)]
    Supervise {
        parent: u32,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
}

impl Args {
    /// All kernels, all tests, with the binaries that `cargo xtask test` builds.
    pub(crate) fn for_all_tests() -> Self {
        Self {
            keep_going: true,
            workspace: true,
            jobs: 2,
            deadline: 900,
            ..Self::default()
        }
    }
}

/// A tab or a line break would end it in the plan.
fn variable(text: &str) -> Result<(String, String), &'static str> {
    let plain = !text.contains(['\t', '\n']);
    let variable = support::plan::variable(text).filter(|_| plain);
    variable.ok_or("want NAME=VALUE on one line")
}

impl Args {
    /// Where to fetch from.
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            mirror: self.mirror.as_deref(),
            allow_expired: &self.allow_expired,
        }
    }
}
