//! `cargo xtask vm`: the privileged tests inside virtual machines, on every
//! kernel that matters.
//!
//! Five steps: choose the kernels ([`series`]), have them ([`fetch`]), build what runs inside
//! ([`payload`]), run each kernel ([`matrix`], [`job`]), report ([`publish`]).

mod doctor;
mod image;
mod machine;
mod say;
mod source;

use crate::packages;
use anyhow::{Result, bail};
use clap::{Args as ClapArgs, Subcommand};
pub(crate) use image::initramfs::libraries;
use image::payload::{self, Test};
use machine::matrix::{self, Matrix};
use machine::{interrupt, job, qemu};
pub(crate) use say::publish::Outcome;
use say::{publish, ui::Ui};
use source::fetch::{self, Source};
pub(crate) use source::fetch::{cache, mirrors};
use source::provided::Bundles;
use source::{runtimes, series};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Packages of Debian that this lane takes from the machine: program, package.
const NEEDS: &[(&str, &str)] = &[
    (qemu::PROGRAM, "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("mke2fs", "e2fsprogs"),
    ("mkfs.btrfs", "btrfs-progs"),
];

/// Arguments of `cargo xtask vm`.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Args {
    /// Only these kernels: 5.10, 6.1, 6.12, 6.18, newest
    #[arg(long, global = true, value_delimiter = ',')]
    kernel: Vec<String>,
    /// Only tests whose name contains this
    #[arg(long)]
    test: Vec<String>,
    /// Build and run only the tests of this package: vm, mountscan, …
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Put this into the environment of the tests, as MOUNT_CHURN_SECONDS=60
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// Run all kernels even after one has failed
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Machines at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// A shell in the guest instead of the tests
    #[arg(long)]
    shell: bool,
    /// Fail when a pinned package has vanished, instead of taking a newer one
    #[arg(long, global = true)]
    locked: bool,
    /// Debian archive to fetch from, instead of this machine's own
    #[arg(long, global = true, value_name = "URL")]
    mirror: Option<String>,
    /// Take this suite though its index is out of date; its signature is checked all the same
    #[arg(long, global = true, value_name = "SUITE")]
    allow_expired: Vec<String>,
    /// Boot this kernel instead
    #[arg(long, value_name = "FILE", conflicts_with = "kernel")]
    kernel_image: Option<PathBuf>,
    /// Modules of that kernel
    #[arg(long, value_name = "DIR", requires = "kernel_image")]
    modules: Option<PathBuf>,
    /// Seconds after which a machine is given up
    #[arg(long, default_value_t = 900)]
    deadline: u64,
    /// A lane that cannot run is a failure, not a skip
    #[arg(long)]
    pub(crate) require: bool,
    /// Build all test binaries of the workspace, as `cargo xtask test` does
    #[arg(long, hide = true)]
    pub(crate) workspace: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
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

/// The chore; true if nothing failed.
pub(crate) fn run(args: &Args) -> crate::Verdict {
    match &args.action {
        Some(Action::Supervise { parent, program }) => {
            qemu::supervise(*parent, program).map(|()| true)
        }
        Some(Action::Doctor) => doctor::run(),
        Some(Action::Update) => {
            let mut series = series::select(&args.kernel)?;
            if args.kernel.is_empty() {
                series.extend(runtimes::SUITES);
            }
            fetch::update(&series, &cache()?, &args.source(), &Ui::new())
        }
        Some(Action::Fetch) => {
            Bundles::get(args, &Ui::new()).map(|found| found.left_out.is_empty())
        }
        None => {
            let outcome = lane(args)?;
            if args.shell {
                return Ok(true);
            }
            println!("\n{}", outcome.note);
            let counts = (outcome.passed, outcome.failed, outcome.skipped.len());
            println!(
                "{} passed, {} failed, {} skipped",
                counts.0, counts.1, counts.2
            );
            Ok(outcome.failed == 0 && (outcome.skipped.is_empty() || !args.require))
        }
    }
}

/// Packages the lane would have to install, and whether it may.
pub(crate) fn missing_packages() -> (Vec<&'static str>, bool) {
    (packages::missing(NEEDS), packages::may_install())
}

/// Has everything from outside: packages and kernels. An error means that the
/// lane cannot run here, not that a test failed.
pub(crate) fn prepare(args: &Args) -> Result<()> {
    packages::provide(NEEDS, "cargo xtask vm")?;
    Bundles::get(args, &Ui::new()).map(drop)
}

/// The lane, for `cargo xtask test` as well.
pub(crate) fn lane(args: &Args) -> Result<Outcome> {
    packages::provide(NEEDS, "cargo xtask vm")?;
    interrupt::watch()?;
    let ui = Ui::new();
    let bundles = Bundles::get(args, &ui)?;
    let mut payload = payload::build(args.workspace, &args.package)?;
    let named = |test: &Test| {
        args.test.is_empty() || args.test.iter().any(|part| test.label.contains(part))
    };
    payload.tests.retain(named);
    for test in &mut payload.tests {
        test.item.env.clone_from(&args.env);
    }
    if payload.tests.is_empty() && !args.shell {
        bail!("no test for the VM is named {:?}", args.test.join(", "));
    }
    let image = payload.pack(&bundles.runtimes)?;
    let (_, bundle) = &bundles.kernels[0];
    let accel = matrix::accelerator(bundle, &image, &ui)?;
    if args.shell {
        let file = job::image(bundle, &image, &payload.tests)?;
        qemu::shell(&qemu::Spec {
            bundle,
            initramfs: &file.path(),
            accel,
        })?;
        return Ok(Outcome::default());
    }
    let matrix = Matrix {
        bundles: &bundles.kernels,
        payload: &image,
        tests: &payload.tests,
        accel,
        jobs: args.jobs.into(),
        keep_going: args.keep_going,
        deadline: Duration::from_secs(args.deadline),
        ui: &ui,
    };
    let mut outcome = publish::publish(&payload.tests, &matrix.run(), accel)?;
    bundles.tell(&mut outcome);
    if interrupt::is_set() {
        outcome.failures.push("interrupted".to_owned());
        outcome.failed += 1;
    }
    Ok(outcome)
}

impl Args {
    fn source(&self) -> Source<'_> {
        Source {
            mirror: self.mirror.as_deref(),
            allow_expired: &self.allow_expired,
        }
    }
}
