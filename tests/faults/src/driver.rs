//! The command line: drives, or is one of the driver's children.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};

use crate::apart;
use crate::campaign;
use crate::child::{self, StepArgs};
use crate::fault::{ERRNOS, Errno, Injection};
use crate::operation::Operation;
use crate::operations;
use crate::parallel;
use crate::report::{self, Tally};
use crate::schedule::Depth;
use crate::tracer::{self, Ending};
use crate::trial::Runner;
use crate::world::World;

/// Exit codes: a violation, a mistake of the caller or the driver, not possible here.
const VIOLATION: u8 = 1;
const FAILURE: u8 = 2;
const SKIPPED: u8 = 77;

#[derive(Debug, Parser)]
#[command(
    name = "faults",
    about = "Kills and fails every system call of what must survive it"
)]
struct Cli {
    #[command(subcommand)]
    part: Option<Hidden>,
    #[command(flatten)]
    args: Args,
}

/// What the driver starts itself for.
#[derive(Debug, Subcommand)]
enum Hidden {
    /// One part of an operation
    #[command(hide = true)]
    Step(StepArgs),
    /// Asks to be traced, and stops
    #[command(hide = true)]
    Probe,
}

#[derive(Debug, clap::Args)]
struct Args {
    /// Only this operation; may be given again
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Errors to inject, with commas between [default: all seven]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    errno: Vec<Errno>,
    /// Each state of the world once, the errors in rotation
    #[arg(long)]
    quick: bool,
    /// Only this fault, as a report names it: `0.12:linkat=kill-after`; may be given again
    #[arg(long, value_name = "FAULT")]
    inject: Vec<Injection>,
    /// Write the report as JSON to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print the operations with their system calls and do nothing to them
    #[arg(long)]
    list: bool,
    /// Seconds that one run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    deadline: u64,
    /// Operations at once
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    jobs: usize,
    /// In the pid namespace that the driver made for itself
    #[arg(long, hide = true)]
    inside: bool,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let mut cli = Cli::parse();
    // An operation may put the driver into another directory.
    let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
    cli.args.json = cli.args.json.map(absolute);
    let code = match cli.part {
        Some(Hidden::Step(args)) => step(&args).map(|()| 0),
        Some(Hidden::Probe) => probed().map(|()| 0),
        None => drive(&cli.args),
    };
    code.map_or_else(
        |error| {
            eprintln!("faults: {error:#}");
            ExitCode::from(FAILURE)
        },
        ExitCode::from,
    )
}

fn step(args: &StepArgs) -> anyhow::Result<()> {
    let operation = operations::find(&args.operation).context("no such operation")?;
    child::step(operation, args)
}

fn probed() -> anyhow::Result<()> {
    nix::sys::ptrace::traceme().context("ptrace(PTRACE_TRACEME)")?;
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP).context("raise(SIGSTOP)")
}

fn drive(args: &Args) -> anyhow::Result<u8> {
    let chosen = choose(args)?;
    let program = std::env::current_exe().context("own path")?;
    let is_campaign = !args.list && args.inject.is_empty();
    if is_campaign && chosen.len() > 1 {
        let names: Vec<&str> = chosen.iter().map(|operation| operation.name()).collect();
        let tallies = parallel::run(&program, &options(args), &names, args.jobs)?;
        return tallies.map_or(Ok(SKIPPED), |tallies| finish(args, &tallies));
    }
    if !args.inside {
        return match apart::run(&program)? {
            Ok(code) => Ok(code),
            Err(why) => Ok(skip(&why.0)),
        };
    }
    apart::end_with_the_parent()?;
    let world = match World::enter()? {
        Ok(world) => world,
        Err(why) => return Ok(skip(&why.0)),
    };
    if let Some(why) = cannot_trace(&program)? {
        return Ok(skip(&why));
    }
    // What a killed child leaves running comes to us, to be waited for.
    nix::sys::prctl::set_child_subreaper(true).context("prctl(PR_SET_CHILD_SUBREAPER)")?;
    let mut runner = Runner {
        world,
        program,
        deadline: Duration::from_secs(args.deadline),
    };
    if args.list {
        return list(&mut runner, &chosen).map(|()| 0);
    }
    if !args.inject.is_empty() {
        return replay(&mut runner, chosen[0], &args.inject);
    }
    let tallies = run(&mut runner, &chosen, args)?;
    finish(args, &tallies)
}

/// What the driver of one operation has to be told.
fn options(args: &Args) -> Vec<String> {
    let mut options = vec!["--deadline".to_owned(), args.deadline.to_string()];
    options.extend(args.quick.then(|| "--quick".to_owned()));
    for errno in &args.errno {
        options.extend(["--errno".to_owned(), errno.name.to_owned()]);
    }
    options
}

/// Reports, and says how it went.
fn finish(args: &Args, tallies: &[Tally]) -> anyhow::Result<u8> {
    print!("{}", report::render(tallies));
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(tallies).context("report as JSON")?;
        fs::write(file, text + "\n").with_context(|| format!("write {}", file.display()))?;
    }
    let clean = tallies.iter().all(|tally| tally.violations.is_empty());
    Ok(if clean { 0 } else { VIOLATION })
}

fn choose(args: &Args) -> anyhow::Result<Vec<&'static dyn Operation>> {
    if !args.inject.is_empty() && args.operation.len() != 1 {
        bail!("--inject needs the one --operation that it is for");
    }
    if args.operation.is_empty() {
        return Ok(operations::all().to_vec());
    }
    let names = args.operation.iter();
    names
        .map(|name| operations::find(name).with_context(|| unknown(name)))
        .collect()
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = operations::all()
        .iter()
        .map(|operation| operation.name())
        .collect();
    format!(
        "there is no operation {name}; there are {}",
        known.join(", ")
    )
}

fn skip(why: &str) -> u8 {
    eprintln!("faults: SKIPPED, which is not passed: {why}");
    SKIPPED
}

/// Why children cannot be traced here, if they cannot.
fn cannot_trace(program: &std::path::Path) -> anyhow::Result<Option<String>> {
    let mut command = Command::new(program);
    command.arg("probe").stdin(Stdio::null());
    let run = tracer::run(&mut command, &[], Duration::from_secs(10))?;
    Ok(match run.ending {
        Ending::Exited(0) => None,
        other => Some(format!("a child cannot be traced ({other:?})")),
    })
}

fn list(runner: &mut Runner, chosen: &[&'static dyn Operation]) -> anyhow::Result<()> {
    for operation in chosen {
        let trial = runner
            .run(*operation, &[])
            .with_context(|| operation.name())?;
        println!("{}: {}", operation.name(), operation.about());
        for call in &trial.calls {
            let mark = if call.changes { '*' } else { ' ' };
            println!("  {mark} {:<28} {}", call.point.to_string(), call.text);
        }
        for complaint in &trial.complaints {
            println!("  wrong: {complaint}");
        }
        if let Some(failure) = trial.outcome.and_then(|outcome| outcome.failure) {
            println!("  failed: {}", failure.text);
        }
    }
    Ok(())
}

fn replay(
    runner: &mut Runner,
    operation: &dyn Operation,
    plan: &[Injection],
) -> anyhow::Result<u8> {
    let (tally, trial) = campaign::replay(runner, operation, plan)?;
    for call in &trial.calls {
        println!("  {:<28} {}", call.point.to_string(), call.text);
    }
    println!(
        "ended: {:?}, all faults reached: {}",
        trial.ending, trial.reached
    );
    if let Some(failure) = trial.outcome.and_then(|outcome| outcome.failure) {
        println!("it said: {}", failure.text);
    }
    let clean = tally.violations.is_empty();
    print!("{}", report::render(&[tally]));
    Ok(if clean { 0 } else { VIOLATION })
}

fn run(
    runner: &mut Runner,
    chosen: &[&'static dyn Operation],
    args: &Args,
) -> anyhow::Result<Vec<Tally>> {
    let errnos = if args.errno.is_empty() {
        ERRNOS.to_vec()
    } else {
        args.errno.clone()
    };
    let depth = Depth {
        errnos,
        quick: args.quick,
    };
    let mut tallies = Vec::new();
    for operation in chosen {
        let tally = campaign::run(runner, *operation, &depth)?;
        eprintln!(
            "{}: {} calls, {} violations",
            tally.operation,
            tally.points,
            tally.violations.len()
        );
        tallies.push(tally);
    }
    Ok(tallies)
}
