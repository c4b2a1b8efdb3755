//! `cargo xtask faults`: kills and fails every system call of the operations
//! that must survive it. The work is done by the member package `faults`; this
//! builds it, hands the options over and reads its verdict.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cargo;
use crate::verdict::Verdict;
use crate::vm::Outcome;

/// What the driver ends with when it may not trace or make namespaces here.
const SKIPPED: i32 = 77;

#[derive(Default, clap::Args)]
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

/// `--quick`, for `cargo xtask test`: its table goes through, its report gives the counts.
pub(crate) fn lane() -> anyhow::Result<Outcome> {
    let report = tempfile::NamedTempFile::new().context("a file for the report")?;
    let args = Args {
        quick: true,
        json: Some(report.path().to_owned()),
        ..Args::default()
    };
    if !cargo::succeeds(&mut cargo::cargo(["build", "--quiet", "-p", "faults"]))? {
        bail!("the package `faults` does not build");
    }
    let status = command(&args)?.stdin(Stdio::null()).status();
    let status = status.context("start the driver of the faults")?;
    if status.code() == Some(SKIPPED) {
        return Ok(Outcome {
            skipped: vec!["faults: may not trace or make namespaces here".to_owned()],
            ..Outcome::default()
        });
    }
    let text = std::fs::read_to_string(report.path()).context("the report of the faults")?;
    let outcome = count(&text)?;
    if !status.success() && outcome.failed == 0 {
        bail!("the driver of the faults ended with {status}");
    }
    Ok(outcome)
}

/// What the driver's report says: a fault that was survived is a test that passed.
fn count(report: &str) -> anyhow::Result<Outcome> {
    let operations: Value = serde_json::from_str(report).context("the report of the faults")?;
    let mut outcome = Outcome::default();
    for operation in cargo::array(&operations) {
        let good = |kind: &str| operation[kind]["good"].as_u64().unwrap_or(0);
        outcome.passed += usize::try_from(good("kills") + good("errors"))?;
        let name = cargo::text(&operation["operation"]);
        for violation in cargo::array(&operation["violations"]) {
            let fault = cargo::text(&violation["fault"]);
            outcome.failures.push(format!("{name}: {fault}"));
        }
        for fault in cargo::array(&operation["unreached"]) {
            let fault = cargo::text(fault);
            outcome.skipped.push(format!("{name} {fault}: not reached"));
        }
    }
    anyhow::ensure!(
        outcome.passed > 0,
        "the report of the faults counts nothing"
    );
    outcome.failed = outcome.failures.len();
    Ok(outcome)
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

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn a_survived_fault_passed_and_a_violation_failed() {
        let report = r#"[{"operation": "publish", "kills": {"done": 3, "good": 2},
            "errors": {"done": 5, "good": 5}, "unreached": ["0.1:close=kill-after"],
            "violations": [{"fault": "0.12:linkat=kill-after"}]}]"#;
        let outcome = count(report).unwrap();
        assert_eq!((outcome.passed, outcome.failed), (7, 1));
        assert_eq!(outcome.failures, ["publish: 0.12:linkat=kill-after"]);
        assert_eq!(outcome.skipped.len(), 1);
        assert!(count("[]").is_err(), "an empty report is no success");
    }
}
