//! `cargo xtask test`: every test there is, by one command, with a summary
//! that counts what did not run apart from what passed.

use std::process::Stdio;
use std::time::Instant;

use anyhow::Context;

use super::conduct::{DEADLINE, judge, print_line, run_harness};
use super::harness::{self, Built, Conduct, Run};
use super::summary::{self, Tier};
use super::{libtest, other_compiler};
use crate::cargo;
use crate::daemons;
use crate::faults;
use crate::instructions;
use crate::verdict::Verdict;
use crate::vm;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Leave the VM lane out; its tests are counted as skipped
    #[arg(long)]
    no_vm: bool,
    /// Leave the real daemons out; their scenarios are counted as skipped
    #[arg(long)]
    no_daemons: bool,
    /// Leave out `cargo xtask faults --quick`, which kills and fails system calls
    #[arg(long)]
    no_faults: bool,
    /// Leave out `cargo xtask instructions`, which counts the hot paths
    #[arg(long)]
    no_instructions: bool,
    /// Leave out the oldest compiler that we promise, and the tests of 32 bits that it builds
    #[arg(long)]
    no_msrv: bool,
    /// A test or a lane that cannot run here is a failure, not a skip
    #[arg(long)]
    require: bool,
}

/// Runs all tiers; true when nothing failed.
pub(crate) fn run(args: &Args) -> Verdict {
    announce(args)?;
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
        let conduct = Conduct {
            command: command.as_deref(),
            deadline: DEADLINE,
            require: args.require,
        };
        run_harness(&mut tiers[harness.kind as usize], harness, conduct)?;
    }
    // What waits for a VM is the lane's to run, whichever harness it is in.
    let waiting = tiers.iter_mut().map(Tier::take_vm_tests).sum();
    let [unit, integration, parity, fuzz, vm] = tiers;
    let doc = doc_tests()?;
    let i686 = left_out(args.no_msrv, "--no-msrv", built.complete);
    let i686 = other_compiler::i686(i686, args.require)?;
    let instructions = instructions_lane(args, built.complete);
    let faults = faults_lane(args, built.complete);
    let (msrv, daemons) = msrv_beside_daemons(args, &built)?;
    let vm = vm_lane(args, vm, waiting, built.complete);
    let tiers = [
        unit,
        integration,
        doc,
        parity,
        fuzz,
        msrv,
        i686,
        instructions,
        faults,
        daemons,
        vm,
    ];
    print!("{}", summary::render(&tiers));
    Ok(tiers.iter().all(|tier| tier.failed == 0))
}

/// The tests of 32 bits alone; true when none failed and none was left out as a whole.
pub(crate) fn i686() -> Verdict {
    let tier = other_compiler::i686(None, false)?;
    let good = tier.failed == 0 && tier.passed > 0;
    print!("{}", summary::render(&[tier]));
    Ok(good)
}

/// Says first what will be installed, fetched and written; an error when the
/// VM lane needs packages that are not ours to install.
fn announce(args: &Args) -> anyhow::Result<()> {
    println!("cargo xtask test");
    println!("  fetches    the crates of Cargo.lock, from the registry cargo is set to");
    println!("  writes     below the target directory and the temporary directory");
    if !args.no_msrv {
        println!("  fetches    Debian's compiler of the MSRV, into its cache");
    }
    if args.no_daemons {
        println!("  leaves out the real daemons (--no-daemons)");
    } else {
        println!("  fetches    Debian's packages of real daemons, if root, into its cache");
    }
    if args.no_vm {
        println!("  leaves out the VM lane (--no-vm)\n");
        return Ok(());
    }
    let (missing, may_install) = vm::missing_packages();
    let names = missing.join(" ");
    anyhow::ensure!(
        missing.is_empty() || may_install,
        "the VM lane needs packages that are not here: apt-get install {names} \
         (or leave the lane out: --no-vm)"
    );
    if !missing.is_empty() {
        println!("  installs   {names}, with apt-get");
    }
    println!("  fetches    Debian's kernels and runtimes for the VM lane, into its cache\n");
    Ok(())
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

/// Doc tests need rustdoc, so cargo runs them.
fn doc_tests() -> anyhow::Result<Tier> {
    let mut tier = Tier::new("doc");
    let started = Instant::now();
    let output = cargo::cargo(["test", "--workspace", "--doc", "--no-fail-fast"])
        .stdin(Stdio::null())
        .output()
        .context("cargo test --doc")?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = libtest::parse_all(&out);
    let run = Run {
        status: Some(output.status),
        took: started.elapsed(),
        output: out,
        skips: Vec::new(),
    };
    let healthy = judge(&mut tier, "doc tests", &run, &report);
    print_line("doc", "all crates", &report, run.took, healthy);
    if !healthy {
        println!("{}", run.output.trim_end());
        println!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(tier)
}

/// Why a tier is not even tried.
fn left_out(by_option: bool, option: &str, complete: bool) -> Option<String> {
    match (by_option, complete) {
        (true, _) => Some(format!("left out by {option}")),
        (_, false) => Some("the workspace does not build".to_owned()),
        _ => None,
    }
}

/// The counts of the hot paths, or why they were not taken.
fn instructions_lane(args: &Args, complete: bool) -> Tier {
    let reason = left_out(args.no_instructions, "--no-instructions", complete);
    let lane = || instructions::lane("");
    other_lane(args, Tier::new("instructions"), reason, 1, lane)
}

/// Faults in what must survive them, or why they were not made.
fn faults_lane(args: &Args, complete: bool) -> Tier {
    let reason = left_out(args.no_faults, "--no-faults", complete);
    other_lane(args, Tier::new("faults"), reason, 1, faults::lane)
}

/// Two tiers at once: the compiler needs the processors, the scenarios mostly wait for their
/// daemons. The compiler is fetched before, so that one of them at most reads package lists.
fn msrv_beside_daemons(args: &Args, built: &Built) -> anyhow::Result<(Tier, Tier)> {
    let reason = left_out(args.no_msrv, "--no-msrv", built.complete);
    let msrv = other_compiler::Msrv::obtain(reason, args.require);
    std::thread::scope(|scope| {
        let msrv = scope.spawn(|| msrv.check());
        let daemons = daemons_lane(args, built);
        let msrv = msrv.join().map_err(|_| anyhow::anyhow!("msrv: panicked"))?;
        Ok((msrv, daemons))
    })
}

/// Real daemons against the command, or why they did not run.
fn daemons_lane(args: &Args, built: &Built) -> Tier {
    let reason = left_out(args.no_daemons, "--no-daemons", built.complete);
    let lane = || daemons::lane(&daemons::Args::default(), built.command.as_deref());
    other_lane(args, Tier::new("daemons"), reason, daemons::count(), lane)
}

/// Runs a lane, or counts so many of its tests as left out for this reason.
fn other_lane(
    args: &Args,
    mut tier: Tier,
    reason: Option<String>,
    tests: usize,
    lane: impl FnOnce() -> anyhow::Result<vm::Outcome>,
) -> Tier {
    if let Some(reason) = reason {
        tier.leave_out(&reason, tests);
        return tier;
    }
    let started = Instant::now();
    match lane() {
        Ok(outcome) => {
            let missed = outcome.skipped.len();
            tier.add_lane(outcome);
            if args.require && missed > 0 {
                let name = tier.name;
                tier.fail(format!("{name}: {missed} skipped, and --require was given"));
            }
        }
        Err(error) => tier.fail(format!("{}: {error:#}", tier.name)),
    }
    tier.took = started.elapsed();
    tier
}

/// The VM lane, or why it did not run: then the tests that wait for it are
/// skipped, and never passed.
fn vm_lane(args: &Args, listed: Tier, waiting: usize, complete: bool) -> Tier {
    let mut tier = listed;
    if args.no_vm {
        tier.leave_out("left out by --no-vm", waiting);
        return tier;
    }
    if !complete {
        tier.leave_out("the workspace does not build", waiting);
        return tier;
    }
    let lane = vm::Args::for_all_tests();
    let started = Instant::now();
    if let Err(error) = vm::prepare(&lane) {
        let reason = format!("cannot run here: {error:#}");
        println!("vm           {reason}");
        if args.require {
            tier.fail(format!("vm: {reason}, and --require was given"));
        }
        tier.leave_out(&reason, waiting);
        return tier;
    }
    match vm::lane(&lane) {
        Ok(outcome) => tier.add_lane(outcome),
        Err(error) => tier.fail(format!("vm: {error:#}")),
    }
    tier.took += started.elapsed();
    tier
}
