//! `cargo xtask vm`: the privileged tests inside virtual machines, on every
//! kernel that matters.
//!
//! Five steps, each in its own file: choose the kernels ([`kernels`]), have
//! them ([`fetch`]), build what runs inside ([`payload`]), run each kernel
//! ([`job`]), report ([`report`]).

mod accel;
mod bundle;
mod console;
mod cpio;
mod doctor;
mod elf;
mod fetch;
mod interrupt;
mod job;
mod kernels;
mod lock;
mod modules;
mod payload;
mod qemu;
mod report;
mod ui;
mod verdict;

use crate::packages;
use accel::{Accel, Choice};
use anyhow::{Context, Result, bail};
use bundle::Bundle;
use clap::{Args as ClapArgs, Subcommand};
use fetch::Fetch;
pub(crate) use fetch::{cache, mirrors};
use job::{Job, KernelReport};
use lock::Lock;
pub(crate) use payload::libraries;
use payload::{Payload, Test};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use ui::Ui;
use verdict::Outcome as TestOutcome;

/// Packages of Debian that this lane takes from the machine: program, package.
const NEEDS: &[(&str, &str)] = &[
    (qemu::PROGRAM, "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("runc", "runc"),
    ("crun", "crun"),
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

/// What the lane found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that did not run, each with its reason; never counted as passed.
    pub(crate) skipped: Vec<String>,
    /// Failures, by test and kernel.
    pub(crate) failures: Vec<String>,
    /// One line on how it ran.
    pub(crate) note: String,
}

/// The chore; true if nothing failed.
pub(crate) fn run(args: &Args) -> crate::Verdict {
    match &args.action {
        Some(Action::Supervise { parent, program }) => {
            qemu::supervise(*parent, program).map(|()| true)
        }
        Some(Action::Doctor) => doctor::run(),
        Some(Action::Update) => {
            let series = kernels::select(&args.kernel)?;
            fetch::update(&series, &cache()?, args.mirror.as_deref(), &Ui::new()).map(|()| true)
        }
        Some(Action::Fetch) => bundles(args, &Ui::new()).map(|_| true),
        None => {
            let outcome = lane(args)?;
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
    bundles(args, &Ui::new()).map(drop)
}

/// The lane, for `cargo xtask test` as well.
pub(crate) fn lane(args: &Args) -> Result<Outcome> {
    packages::provide(NEEDS, "cargo xtask vm")?;
    interrupt::watch()?;
    let ui = Ui::new();
    let bundles = bundles(args, &ui)?;
    let mut payload = payload::build(args.workspace, &args.package)?;
    let named = |test: &Test| {
        args.test.is_empty() || args.test.iter().any(|part| test.label.contains(part))
    };
    payload.tests.retain(named);
    if payload.tests.is_empty() && !args.shell {
        bail!("no test for the VM is named {:?}", args.test.join(", "));
    }
    let image = payload.pack()?;
    let accel = accel(&bundles[0].1, &image, &ui)?;
    if args.shell {
        let (_, bundle) = &bundles[0];
        let file = job::image(bundle, &image, &payload.tests)?;
        qemu::shell(&qemu::Spec {
            bundle,
            initramfs: file.path(),
            accel,
        })?;
        return Ok(Outcome::default());
    }
    let reports = matrix(args, &bundles, &image, &payload, accel, &ui)?;
    publish(&payload.tests, &reports, accel)
}

/// Each kernel of the selection, by title.
fn bundles(args: &Args, ui: &Ui) -> Result<Vec<(String, Bundle)>> {
    let cache = cache()?;
    if let Some(image) = &args.kernel_image {
        let place = cache.join("kernels");
        std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
        let bundle = Bundle::from_files(&place.join("image"), image, args.modules.as_deref())?;
        return Ok(vec![("image".to_owned(), bundle)]);
    }
    let series = kernels::select(&args.kernel)?;
    let lock = Lock::load()?;
    let fetch = Fetch {
        cache: &cache,
        lock: &lock,
        mirror: args.mirror.as_deref(),
        locked: args.locked,
        ui,
    };
    let found = each(&series, 2, |series| fetch.kernel(*series));
    series
        .iter()
        .zip(found)
        .map(|(series, bundle)| Ok((series.name.to_owned(), bundle?)))
        .collect()
}

/// Runs `work` on each item, so many at once; results in the items' order.
fn each<T: Sync, R: Send>(items: &[T], at_once: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let Some(item) = items.get(index) else { return };
                    let result = work(item);
                    *results[index].lock().expect("no one panics with it") = Some(result);
                }
            });
        }
    });
    let done = |cell: Mutex<Option<R>>| cell.into_inner().ok().flatten();
    results
        .into_iter()
        .map(|cell| done(cell).expect("each item was worked on"))
        .collect()
}

/// KVM only where a kernel of ours has booted under it within ten seconds.
fn accel(bundle: &Bundle, payload: &[u8], ui: &Ui) -> Result<Accel> {
    let wish = std::env::var("VM_ACCEL").ok();
    let (accel, why) = match accel::choose(
        wish.as_deref(),
        Path::new("/sys/module"),
        Path::new("/dev/kvm"),
    ) {
        Choice::Settled(accel, why) => (accel, why),
        Choice::ProbeKvm => {
            let title = "probe";
            let deadline = Duration::from_secs(10);
            let job = Job {
                title,
                bundle,
                payload,
                tests: &[],
                accel: Accel::Kvm,
                deadline,
                ui,
            };
            match job.run() {
                Ok(report) if report.troubles.is_empty() => {
                    (Accel::Kvm, "a kernel booted under it".to_owned())
                }
                Ok(report) => (
                    Accel::Tcg,
                    format!("KVM does not work here: {}", report.troubles.join("; ")),
                ),
                Err(error) => (Accel::Tcg, format!("KVM does not work here: {error:#}")),
            }
        }
    };
    ui.line(&format!("accelerator: {accel:?} ({why})"));
    Ok(accel)
}

fn matrix(
    args: &Args,
    bundles: &[(String, Bundle)],
    image: &[u8],
    payload: &Payload,
    accel: Accel,
    ui: &Ui,
) -> Result<Vec<KernelReport>> {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let tests = &payload.tests;
    let deadline = Duration::from_secs(args.deadline);
    let reports = each(bundles, args.jobs.into(), |(title, bundle)| {
        if interrupt::is_set() || failed.load(relaxed) && !args.keep_going {
            return Ok(KernelReport::not_run(title, tests.len(), None));
        }
        let job = Job {
            title,
            bundle,
            payload: image,
            tests,
            accel,
            deadline,
            ui,
        };
        let report = job.run().unwrap_or_else(|error| {
            KernelReport::not_run(title, tests.len(), Some(format!("{error:#}")))
        });
        failed.fetch_or(report.is_failure(), relaxed);
        ui.note(&format!(
            "{title}: {} in {:.1} s",
            report.release,
            report.took.as_secs_f32()
        ));
        Ok(report)
    });
    if interrupt::is_set() {
        bail!("interrupted");
    }
    reports.into_iter().collect()
}

/// Prints the matrix, stores it for machines, keeps the consoles of failures.
fn publish(tests: &[Test], reports: &[KernelReport], accel: Accel) -> Result<Outcome> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::cargo::root().join("target"), PathBuf::from);
    let place = target.join("vm");
    std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    let store = |name: &str, text: &str| {
        let path = place.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    };
    store(
        "results.json",
        &format!("{:#}\n", report::json(tests, reports)),
    )?;
    store("junit.xml", &report::junit(tests, reports))?;
    println!("\n{}", report::table(tests, reports));
    print!("{}", report::findings(tests, reports));
    for kernel in reports
        .iter()
        .filter(|kernel| kernel.is_failure() && !kernel.console.is_empty())
    {
        let name = format!("console-{}.log", kernel.title);
        store(&name, &kernel.console)?;
        println!(
            "\n{}: console in {}, which ends:",
            kernel.title,
            place.join(&name).display()
        );
        println!("{}", console::tail(&kernel.console, 15));
    }
    Ok(count(tests, reports, accel))
}

fn count(tests: &[Test], reports: &[KernelReport], accel: Accel) -> Outcome {
    let mut outcome = Outcome {
        note: format!(
            "kernels: {}, under {accel:?}; tests on each: {}",
            reports.len(),
            tests.len()
        ),
        ..Outcome::default()
    };
    for kernel in reports {
        for (test, result) in tests.iter().zip(&kernel.results) {
            let name = format!("{} on {}", test.label, kernel.title);
            match &result.outcome {
                TestOutcome::Passed => outcome.passed += 1,
                TestOutcome::Skipped(why) => outcome.skipped.push(format!("{name}: {why}")),
                TestOutcome::NotRun => outcome.skipped.push(format!("{name}: not run")),
                failure => outcome
                    .failures
                    .push(format!("{name}: {}", report::reason(failure))),
            }
        }
        let troubles = kernel.unexplained();
        outcome
            .failures
            .extend(troubles.map(|trouble| format!("{}: {trouble}", kernel.title)));
    }
    outcome.failed = outcome.failures.len();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_their_items() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(
            each(&items, 7, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(each(&[] as &[u8], 2, |item| *item), Vec::<u8>::new());
    }

    #[test]
    fn a_machine_that_died_between_tests_is_a_failure() {
        let reports = [KernelReport::not_run("6.1", 0, Some("panic".into()))];
        let outcome = count(&[], &reports, Accel::Tcg);
        assert_eq!((outcome.passed, outcome.failed), (0, 1));
    }
}
