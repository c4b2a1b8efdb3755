//! `cargo xtask faults`: kills and fails every system call of the operations
//! that must survive it. The work is done by the member package `faults`; this
//! builds it, hands the options over and reads its verdict.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::Verdict;
use crate::cargo;

/// What the driver ends with when it may not trace or make namespaces here.
const SKIPPED: i32 = 77;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this operation; may be given again
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Errors to inject, with commas between [default: all seven]
    #[arg(long, value_name = "LIST")]
    errno: Option<String>,
    /// Less than a minute: each state once, the errors in rotation
    #[arg(long)]
    quick: bool,
    /// Only this fault, as a report names it: `0.12:linkat=kill-after`; may be given again
    #[arg(long, value_name = "FAULT", requires = "operation")]
    inject: Vec<String>,
    /// Write the report as JSON to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print the operations with their system calls and do nothing to them
    #[arg(long)]
    list: bool,
}

/// Runs the driver; true when nothing broke.
pub(crate) fn run(args: &Args) -> Verdict {
    if !cargo::succeeds(&mut cargo::cargo(["build", "--quiet", "-p", "faults"]))? {
        bail!("the package `faults` does not build");
    }
    let status = command(args)?
        .stdin(Stdio::null())
        .status()
        .context("start the driver of the faults")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        Some(SKIPPED) => bail!("skipped, which is not passed: the reason is above"),
        _ => bail!("the driver of the faults ended with {status}"),
    }
}

fn command(args: &Args) -> anyhow::Result<Command> {
    let own = std::env::current_exe().context("own path")?;
    let mut command = Command::new(own.with_file_name("faults"));
    for name in &args.operation {
        command.arg("--operation").arg(name);
    }
    for fault in &args.inject {
        command.arg("--inject").arg(fault);
    }
    if let Some(list) = &args.errno {
        command.arg("--errno").arg(list);
    }
    if let Some(file) = &args.json {
        command.arg("--json").arg(file);
    }
    for (option, given) in [("--quick", args.quick), ("--list", args.list)] {
        if given {
            command.arg(option);
        }
    }
    Ok(command)
}
