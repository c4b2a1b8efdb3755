//! `cargo xtask test`: every test there is, by one command, with a summary
//! that counts what did not run apart from what passed.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::Verdict;
use crate::cargo;
use crate::harness::{self, Built, Harness, Run};
use crate::libtest::{self, Report};
use crate::summary::{self, Tier};
use crate::vm;

/// A harness that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Leave the VM lane out; its tests are counted as skipped
    #[arg(long)]
    no_vm: bool,
    /// A lane that cannot run here is a failure, not a skip
    #[arg(long)]
    require: bool,
}

/// Runs all tiers; true when nothing failed.
pub(crate) fn run(args: &Args) -> Verdict {
    announce(args);
    let built = harness::build()?;
    let mut tiers = [
        Tier::new("unit"),
        Tier::new("integration"),
        Tier::new("parity"),
        Tier::new("fuzz"),
        Tier::new("vm"),
    ];
    if !built.complete {
        tiers[0].fail("the workspace does not build; what did build has run".to_owned());
    }
    let command = command_of(&built)?;
    for harness in &built.harnesses {
        let tier = &mut tiers[harness.kind as usize];
        run_harness(tier, harness, command.as_deref())?;
    }
    let [unit, integration, parity, fuzz, vm] = tiers;
    let doc = doc_tests()?;
    let vm = vm_lane(args, vm);
    let tiers = [unit, integration, doc, parity, fuzz, vm];
    print!("{}", summary::render(&tiers));
    Ok(tiers.iter().all(|tier| tier.failed == 0))
}

fn announce(args: &Args) {
    println!("cargo xtask test");
    println!("  fetches    the crates that Cargo.lock names, from the registry cargo is set to");
    println!("  writes     below the target directory and the temporary directory");
    if args.no_vm {
        println!("  leaves out the VM lane (--no-vm)");
    }
    println!();
}

/// The command the parity tests call: of the same build when that made it.
fn command_of(built: &Built) -> anyhow::Result<Option<std::path::PathBuf>> {
    if built.command.is_some() || !built.complete {
        return Ok(built.command.clone());
    }
    let built = cargo::succeeds(&mut cargo::cargo([
        "build",
        "--quiet",
        "-p",
        "daemon-host-cli",
    ]))?;
    let target = std::env::current_exe().context("own path")?;
    Ok(target
        .parent()
        .map(|dir| dir.join("daemon-host"))
        .filter(|_| built))
}

fn run_harness(tier: &mut Tier, harness: &Harness, command: Option<&Path>) -> anyhow::Result<()> {
    let run = harness.run(command, DEADLINE)?;
    let report = libtest::parse(&run.output);
    let label = harness.label();
    let healthy = judge(tier, &label, &run, &report);
    print_line(tier.name, &label, &report, run.took, healthy);
    if !healthy {
        println!("{}", run.output.trim_end());
    }
    Ok(())
}

/// Counts one run; true when nothing in it failed.
fn judge(tier: &mut Tier, label: &str, run: &Run, report: &Report) -> bool {
    tier.add(label, report, run.took);
    let wrong = match run.status {
        None => Some(format!(
            "{label}: still running after {} s",
            DEADLINE.as_secs()
        )),
        Some(status) if report.closings == 0 => Some(format!("{label}: no verdict ({status})")),
        Some(status) if !status.success() && report.failed == 0 => Some(format!(
            "{label}: ended with {status} though no test failed"
        )),
        Some(_) => None,
    };
    let healthy = wrong.is_none() && report.failed == 0;
    if let Some(wrong) = wrong {
        tier.fail(wrong);
    }
    healthy
}

fn print_line(tier: &str, label: &str, report: &Report, took: Duration, healthy: bool) {
    if healthy && report.passed + report.ignored == 0 {
        return;
    }
    let verdict = if healthy { "ok" } else { "FAILED" };
    let ignored = match report.ignored {
        0 => String::new(),
        count => format!(", {count} ignored"),
    };
    println!(
        "{tier:<12} {label:<32} {verdict:<6} {:>4} passed{ignored}  {:.1}s",
        report.passed,
        took.as_secs_f64()
    );
}

/// Doc tests need rustdoc, so cargo runs them.
fn doc_tests() -> anyhow::Result<Tier> {
    let mut tier = Tier::new("doc");
    let started = Instant::now();
    let output = cargo::cargo(["test", "--workspace", "--doc", "--no-fail-fast"])
        .stdin(Stdio::null())
        .output()
        .context("cargo test --doc")?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = libtest::parse(&out);
    let run = Run {
        status: Some(output.status),
        took: started.elapsed(),
        output: out,
    };
    let healthy = judge(&mut tier, "doc tests", &run, &report);
    print_line("doc", "all crates", &report, run.took, healthy);
    if !healthy {
        println!("{}", run.output.trim_end());
        println!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(tier)
}

/// The VM lane, or why it did not run. Its tests are compiled and listed as
/// ignored by the harnesses above, so a lane that is left out has its count.
fn vm_lane(args: &Args, listed: Tier) -> Tier {
    let mut tier = Tier::new("vm");
    tier.failed = listed.failed;
    tier.failures.clone_from(&listed.failures);
    let reason = if args.no_vm {
        "left out by --no-vm".to_owned()
    } else {
        let started = Instant::now();
        match vm::lane(&vm::Args::for_all_tests()) {
            Ok(outcome) => {
                tier.took = started.elapsed();
                tier.passed = outcome.passed;
                tier.failed += outcome.failed;
                tier.failures.extend(outcome.failures);
                tier.note = Some(outcome.note);
                for reason in &outcome.skipped {
                    tier.skip(reason, 1);
                }
                return tier;
            }
            Err(error) => format!("cannot run here: {error:#}"),
        }
    };
    tier.skip(&reason, listed.skipped_total());
    tier.note = Some(reason.clone()).filter(|_| tier.skipped.is_empty());
    if args.require && !args.no_vm {
        tier.fail(format!("vm: {reason}, and --require was given"));
    }
    tier
}
