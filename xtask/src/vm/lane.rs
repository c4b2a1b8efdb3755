//! The lane: what is needed, built and run, one step after the other.

use std::time::Duration;

use anyhow::{Result, bail};

use super::args::{Action, Args};
use super::doctor;
use super::image::payload::{self, Test};
use super::machine::matrix::{self, Matrix};
use super::machine::{interrupt, job, qemu};
use super::needs::NEEDS;
use super::say::publish::{self, Outcome};
use super::say::ui::Ui;
use super::source::provided::Provided;
use super::source::{cache, fetch, series};
use crate::packages;

/// The chore; true if nothing failed.
pub(crate) fn run(args: &Args) -> crate::verdict::Verdict {
    match &args.action {
        Some(Action::Supervise { parent, program }) => {
            qemu::supervise(*parent, program).map(|()| true)
        }
        Some(Action::Doctor) => doctor::run(),
        Some(Action::Update) => {
            let mut series = series::select(&args.kernel)?;
            if args.kernel.is_empty() {
                series.extend(series::SUITES);
            }
            fetch::update(&series, &cache::directory()?, &args.source(), &Ui::new())
        }
        Some(Action::Fetch) => {
            Provided::get(args, &Ui::new()).map(|found| found.left_out.is_empty())
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

/// Has everything from outside: packages and kernels. An error means that the
/// lane cannot run here, not that a test failed.
pub(crate) fn prepare(args: &Args) -> Result<()> {
    packages::provide(NEEDS, "cargo xtask vm")?;
    Provided::get(args, &Ui::new()).map(drop)
}

/// The lane, for `cargo xtask test` as well.
pub(crate) fn lane(args: &Args) -> Result<Outcome> {
    packages::provide(NEEDS, "cargo xtask vm")?;
    interrupt::watch()?;
    let ui = Ui::new();
    let bundles = Provided::get(args, &ui)?;
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
    let mut outcome = publish::publish(&payload.tests, &matrix.run(), &format!("{accel:?}"))?;
    bundles.tell(&mut outcome);
    if interrupt::is_set() {
        outcome.failures.push("interrupted".to_owned());
        outcome.failed += 1;
    }
    Ok(outcome)
}
