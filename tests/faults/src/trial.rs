//! One run of an operation with a plan of faults, and all that is wrong with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::child::Part;
use crate::fault::{Fault, Injection};
use crate::operation::{Operation, Stage};
use crate::outcome::Outcome;
use crate::tracer::{self, Call, Ending};
use crate::watchdog::Watchdog;
use crate::world::{Fixture, World};

/// What came of one run.
pub(crate) struct Trial {
    pub(crate) calls: Vec<Call>,
    pub(crate) ending: Ending,
    /// Whether all injections came to pass.
    pub(crate) reached: bool,
    /// What the operation said, if it got to say something.
    pub(crate) outcome: Option<Outcome>,
    /// What is wrong.
    pub(crate) complaints: Vec<String>,
}

/// Runs trials.
pub(crate) struct Runner {
    pub(crate) world: World,
    /// This program, for the children.
    pub(crate) program: PathBuf,
    /// How long a child may take.
    pub(crate) deadline: Duration,
}

impl Runner {
    /// Sets up, acts under the plan, lets the next start run, and checks at each stage.
    pub(crate) fn run(
        &mut self,
        operation: &dyn Operation,
        plan: &[Injection],
    ) -> anyhow::Result<Trial> {
        let fixture = self.world.fixture()?;
        operation.set_up(&fixture.world()).context("set up")?;
        let mut act = self.child(operation, Part::Act, &fixture)?;
        if may_try_again(plan) {
            act.arg("--again");
        }
        let run = tracer::run(&mut act, plan, self.deadline)?;
        let mut trial = Trial {
            reached: run.reached >= plan.len(),
            calls: relative(run.calls, &fixture.world()),
            ending: run.ending,
            outcome: None,
            complaints: Vec::new(),
        };
        trial.complaints = self.judge_ending(operation, &fixture, &mut trial)?;
        if trial.ending != Ending::Hung {
            trial
                .complaints
                .extend(self.next_start(operation, &fixture)?);
        }
        let world = fixture.world().display().to_string();
        for complaint in &mut trial.complaints {
            *complaint = complaint.replace(&world, "…");
        }
        fixture.remove()?;
        Ok(trial)
    }

    fn judge_ending(
        &self,
        operation: &dyn Operation,
        fixture: &Fixture,
        trial: &mut Trial,
    ) -> anyhow::Result<Vec<String>> {
        let mut complaints = Vec::new();
        let said = read(&fixture.file("act.stderr"));
        match trial.ending {
            Ending::Killed => complaints.extend(check(operation, fixture, Stage::Crashed)?),
            Ending::Exited(0) => {
                let outcome = Outcome::read(&fixture.file("act.json"))?;
                complaints.extend(judge(&outcome));
                trial.outcome = Some(outcome);
            }
            Ending::Exited(code) => {
                complaints.push(format!("it exits with {code}: {}", said.trim()));
            }
            Ending::Signalled(signal) => {
                complaints.push(format!("it dies of {signal}: {}", said.trim()));
            }
            Ending::Hung => {
                complaints.push(format!("it still runs after {} s", self.deadline.as_secs()));
            }
        }
        if let Some(at) = said.find("panicked at").filter(|_| complaints.is_empty()) {
            complaints.push(format!("a thread panics: {}", said[at..].trim()));
        }
        Ok(complaints)
    }

    fn next_start(
        &self,
        operation: &dyn Operation,
        fixture: &Fixture,
    ) -> anyhow::Result<Vec<String>> {
        let mut child = self
            .child(operation, Part::Recover, fixture)?
            .spawn()
            .context("start the next start")?;
        let watchdog = Watchdog::watch(child.id(), self.deadline)?;
        let status = child.wait().context("wait for the next start")?;
        if watchdog.finish() {
            return Ok(vec![format!(
                "the next start still runs after {} s",
                self.deadline.as_secs()
            )]);
        }
        if !status.success() {
            let said = read(&fixture.file("recover.stderr"));
            return Ok(vec![format!(
                "the next start ends with {status}: {}",
                said.trim()
            )]);
        }
        let outcome = Outcome::read(&fixture.file("recover.json"))?;
        let mut complaints = Vec::new();
        if let Some(panic) = outcome.panic {
            complaints.push(format!("the next start panics: {panic}"));
        }
        if let Some(failure) = outcome.failure {
            complaints.push(format!("the next start fails: {}", failure.text));
        }
        complaints.extend(check(operation, fixture, Stage::Recovered)?);
        Ok(complaints)
    }

    fn child(
        &self,
        operation: &dyn Operation,
        part: Part,
        fixture: &Fixture,
    ) -> anyhow::Result<Command> {
        let name = match part {
            Part::Act => "act",
            Part::Recover => "recover",
        };
        let stderr = File::create(fixture.file(&format!("{name}.stderr")))
            .context("file for a child's errors")?;
        let mut command = Command::new(&self.program);
        command.args(["step", "--operation", operation.name(), "--part", name]);
        command.arg("--dir").arg(fixture.world());
        command
            .arg("--outcome")
            .arg(fixture.file(&format!("{name}.json")));
        // The runtimes of this machine are not part of any world.
        command.env("PATH", fixture.world().join("bin"));
        // An operation may have put the driver into a directory of its world.
        command.current_dir("/");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        Ok(command)
    }
}

/// Whether a failed operation has to work when it is tried again in the same
/// process. A missing call is remembered by libraries, and rightly so; and what
/// lasts does not end before the process.
fn may_try_again(plan: &[Injection]) -> bool {
    !plan.iter().any(|injection| match injection.fault {
        Fault::Fail { errno, lasting } => lasting || errno.number == libc::ENOSYS,
        Fault::KillBefore | Fault::KillAfter => false,
    })
}

/// Paths without the place of this run.
fn relative(mut calls: Vec<Call>, world: &Path) -> Vec<Call> {
    let world = world.display().to_string();
    for call in &mut calls {
        call.text = call.text.replace(&world, "…");
    }
    calls
}

fn check(
    operation: &dyn Operation,
    fixture: &Fixture,
    stage: Stage,
) -> anyhow::Result<Vec<String>> {
    let wrong = operation
        .check(&fixture.world(), stage)
        .with_context(|| format!("check {stage}"))?;
    Ok(wrong
        .into_iter()
        .map(|what| format!("{stage}: {what}"))
        .collect())
}

/// What is wrong with what a child says of itself.
fn judge(outcome: &Outcome) -> Vec<String> {
    let mut complaints = outcome.findings.clone();
    if let Some(panic) = &outcome.panic {
        complaints.push(format!("it panics: {panic}"));
    }
    if outcome
        .failure
        .as_ref()
        .is_some_and(|failure| failure.text.trim().is_empty())
    {
        complaints.push("it fails without saying why".to_owned());
    }
    complaints
}

fn read(path: &Path) -> String {
    fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
