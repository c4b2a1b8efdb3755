//! `cargo xtask ci`: everything CI asks, by the same command on a laptop.
//! Ordered so that the quick refusals come first and each step finds the
//! artefacts of the one before: clippy, the lone checks and the documentation
//! share cargo's check artefacts, the tests share one build.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::cargo::{self, cargo};
use crate::verdict::Verdict;
use crate::{arch, test, tidy, toolchain};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The static checks only
    #[arg(long)]
    no_test: bool,
    /// Only build with the compiler of the MSRV: every published crate with all features, every
    /// test and bench
    #[arg(long)]
    msrv: bool,
    /// Only run the tests of 32 bits, which that compiler builds
    #[arg(long)]
    i686: bool,
    #[command(flatten)]
    test: test::Args,
}

struct Step {
    name: String,
    good: bool,
    took: Duration,
}

/// Runs every step even after one failed: one run shows all there is to mend.
pub(crate) fn run(args: &Args) -> Verdict {
    if args.msrv {
        return msrv();
    }
    if args.i686 {
        return test::i686();
    }
    let mut steps = vec![
        step("fmt", || {
            cargo::succeeds(&mut cargo(["fmt", "--all", "--check"]))
        })?,
        step("tidy", || tidy::run(&tidy::Args::default()))?,
        step("clippy", || cargo::succeeds(&mut clippy()))?,
        step("alone", each_crate_alone)?,
        step("doc", || cargo::succeeds(&mut doc()?))?,
    ];
    print_steps(&steps);
    if !args.no_test {
        steps.push(step("test", || test::run(&args.test))?);
    }
    Ok(steps.iter().all(|step| step.good))
}

fn step(name: &str, work: impl FnOnce() -> Verdict) -> anyhow::Result<Step> {
    println!("── {name}");
    let started = Instant::now();
    let good = work()?;
    Ok(Step {
        name: name.to_owned(),
        good,
        took: started.elapsed(),
    })
}

fn print_steps(steps: &[Step]) {
    println!();
    for step in steps {
        let verdict = if step.good { "ok" } else { "FAILED" };
        println!(
            "{:<8} {verdict:<6} {:>6.1}s",
            step.name,
            step.took.as_secs_f64()
        );
    }
    println!();
}

fn clippy() -> Command {
    cargo([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])
}

/// A workspace build unites the features of all members; a user builds one
/// crate, and a feature it forgot to ask for is missing only there.
fn each_crate_alone() -> Verdict {
    let mut good = true;
    for name in published()? {
        let checked = cargo::succeeds(&mut cargo(["check", "--quiet", "-p", &name]))?;
        if !checked {
            println!("cargo check -p {name}: FAILED");
        }
        good &= checked;
    }
    Ok(good)
}

fn published() -> anyhow::Result<Vec<String>> {
    let packages = cargo::packages()?.into_iter();
    let published = packages.filter(|package| package.published);
    Ok(published.map(|package| package.name).collect())
}

/// With Debian's compiler of that version, from its packages.
fn msrv() -> Verdict {
    if let Some(reason) = toolchain::cannot_run() {
        anyhow::bail!("the compiler of the MSRV cannot run here: {reason}");
    }
    toolchain::check_msrv(&toolchain::Toolchain::obtain(arch::AMD64)?)
}

/// The published crates with all their features, as docs.rs builds them.
fn doc() -> anyhow::Result<Command> {
    // `--lib`: the command and the facade are both called daemon-host, and
    // their pages would overwrite each other.
    let mut doc = cargo(["doc", "--quiet", "--no-deps", "--lib", "--all-features"]);
    for name in published()?
        .iter()
        .filter(|name| *name != "daemon-host-cli")
    {
        doc.args(["-p", name]);
    }
    doc.env("RUSTDOCFLAGS", "-D warnings");
    Ok(doc)
}
