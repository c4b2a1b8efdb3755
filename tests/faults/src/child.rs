//! What runs in a child: the operation between two stops that the tracer sees,
//! or the next start.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};

use crate::operation::{Action, Operation, Stage};
use crate::outcome::{Failure, Holdings, Outcome};

/// What a child is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// The operation, traced.
    Act,
    /// The next start, not traced.
    Recover,
}

/// How the driver starts a child.
#[derive(Debug, clap::Args)]
pub(crate) struct StepArgs {
    #[arg(long)]
    pub(crate) operation: String,
    #[arg(long, value_enum)]
    pub(crate) part: Part,
    /// The world of the operation.
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Where the outcome goes.
    #[arg(long)]
    pub(crate) outcome: PathBuf,
    /// Whether a failed operation is tried again in the same process.
    #[arg(long)]
    pub(crate) again: bool,
}

/// How long threads may take to end. A runtime that is asked for its features has
/// five seconds.
const SETTLING: Duration = Duration::from_secs(8);

/// Runs one part and writes its outcome.
pub(crate) fn step(operation: &dyn Operation, args: &StepArgs) -> anyhow::Result<()> {
    let outcome = match args.part {
        Part::Act => {
            let mut action = operation.ready(&args.dir).context("make ready")?;
            act(operation, action.as_mut(), args)?
        }
        Part::Recover => recover(operation, args)?,
    };
    outcome.write(&args.outcome)
}

fn act(
    operation: &dyn Operation,
    action: &mut dyn Action,
    args: &StepArgs,
) -> anyhow::Result<Outcome> {
    ptrace::traceme().context("ptrace(PTRACE_TRACEME)")?;
    let before = alone()?;
    raise(Signal::SIGSTOP).context("stop before the operation")?;
    let result = catch_unwind(AssertUnwindSafe(|| action.run()));
    raise(Signal::SIGSTOP).context("stop after the operation")?;
    let (new_descriptors, new_threads) = settled(&before)?;
    let mut outcome = Outcome {
        failure: None,
        panic: None,
        findings: Vec::new(),
        new_descriptors,
        new_threads,
    };
    match result {
        Err(payload) => outcome.panic = Some(message(payload.as_ref())),
        Ok(result) => {
            outcome.failure = result.as_ref().err().map(Failure::of);
            let stage = if result.is_ok() {
                Stage::Done
            } else {
                Stage::Failed
            };
            // Before the inspection, which may try again.
            let wrong = operation
                .check(&args.dir, stage)
                .with_context(|| format!("check {stage}"))?;
            outcome.findings = wrong
                .into_iter()
                .map(|what| format!("{stage}: {what}"))
                .collect();
            outcome
                .findings
                .extend(inspect(action, &result, args.again));
        }
    }
    Ok(outcome)
}

/// What is held once what came before has ended its threads.
fn alone() -> anyhow::Result<Holdings> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let now = Holdings::now()?;
        if now.threads == 1 || Instant::now() > deadline {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What is held beyond `before`. A thread that has been joined may take a moment
/// to leave the process, and one that nobody waits for may still be at work.
fn settled(before: &Holdings) -> anyhow::Result<(Vec<String>, usize)> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let beyond = Holdings::now()?.beyond(before);
        if beyond.1 == 0 || Instant::now() > deadline {
            return Ok(beyond);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn inspect(action: &mut dyn Action, result: &anyhow::Result<()>, again: bool) -> Vec<String> {
    match catch_unwind(AssertUnwindSafe(|| action.inspect(result, again))) {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![format!("inspection in the same process fails: {error:#}")],
        Err(payload) => vec![format!(
            "panic after the fault: {}",
            message(payload.as_ref())
        )],
    }
}

fn recover(operation: &dyn Operation, args: &StepArgs) -> anyhow::Result<Outcome> {
    let result = catch_unwind(AssertUnwindSafe(|| operation.recover(&args.dir)));
    let (failure, panic) = match result {
        Ok(result) => (result.as_ref().err().map(Failure::of), None),
        Err(payload) => (None, Some(message(payload.as_ref()))),
    };
    Ok(Outcome {
        failure,
        panic,
        findings: Vec::new(),
        new_descriptors: Vec::new(),
        new_threads: 0,
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
