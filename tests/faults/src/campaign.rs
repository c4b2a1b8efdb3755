//! All faults of one operation, and the count of what came of them.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;

use crate::durability;
use crate::fault::{Fault, Injection};
use crate::operation::Operation;
use crate::report::{Tally, Violation};
use crate::schedule::{self, Depth};
use crate::tracer::{Call, Ending};
use crate::trial::{Runner, Trial};

/// Runs everything on one operation.
pub(crate) fn run(
    runner: &mut Runner,
    operation: &dyn Operation,
    depth: &Depth,
) -> anyhow::Result<Tally> {
    let started = Instant::now();
    let mut campaign = Campaign::begin(runner, operation)?;
    if campaign.tally.violations.is_empty() {
        campaign.kills(depth)?;
        campaign.errors(depth)?;
    }
    campaign.power_cut();
    campaign.tally.seconds = started.elapsed().as_secs_f64();
    Ok(campaign.tally)
}

/// Runs one plan, for a person who wants to see it again.
pub(crate) fn replay(
    runner: &mut Runner,
    operation: &dyn Operation,
    plan: &[Injection],
) -> anyhow::Result<(Tally, Trial)> {
    let mut campaign = Campaign::begin(runner, operation)?;
    let calls = campaign.calls.clone();
    let trial = campaign.trial(plan, &calls)?;
    campaign.judge(plan, &trial);
    Ok((campaign.tally, trial))
}

struct Campaign<'a> {
    runner: &'a mut Runner,
    operation: &'a dyn Operation,
    tally: Tally,
    /// Calls of the undisturbed run.
    calls: Vec<Call>,
    /// What the process holds after an undisturbed run: descriptors and threads.
    holdings: (usize, usize),
}

impl<'a> Campaign<'a> {
    /// Runs the operation undisturbed, which lists its calls.
    fn begin(runner: &'a mut Runner, operation: &'a dyn Operation) -> anyhow::Result<Campaign<'a>> {
        let trial = runner
            .run(operation, &[])
            .with_context(|| format!("{}, undisturbed", operation.name()))?;
        let mut tally = Tally::new(operation.name(), operation.about());
        tally.calls = count(&trial.calls);
        tally.points = trial.calls.len();
        let mut complaints = trial.complaints;
        let failure = trial
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.failure.as_ref());
        complaints.extend(failure.map(|failure| format!("it fails undisturbed: {}", failure.text)));
        if let Some(violation) = Violation::new(operation.name(), &[], "no fault", complaints) {
            tally.violations.push(violation);
        }
        let holdings = trial.outcome.map_or((0, 0), |outcome| {
            (outcome.new_descriptors.len(), outcome.new_threads)
        });
        Ok(Campaign {
            runner,
            operation,
            tally,
            calls: trial.calls,
            holdings,
        })
    }

    /// What a kill cannot show.
    fn power_cut(&mut self) {
        let complaints = durability::check(&self.calls);
        let violation = Violation::new(self.operation.name(), &[], "power cut", complaints);
        self.tally.violations.extend(violation);
    }

    fn kills(&mut self, depth: &Depth) -> anyhow::Result<()> {
        let calls = self.calls.clone();
        for injection in schedule::kills(&calls, depth) {
            let plan = [injection];
            let trial = self.trial(&plan, &calls)?;
            self.judge(&plan, &trial);
        }
        Ok(())
    }

    fn errors(&mut self, depth: &Depth) -> anyhow::Result<()> {
        let calls = self.calls.clone();
        for injection in schedule::errors(&calls, depth) {
            let plan = [injection];
            let trial = self.trial(&plan, &calls)?;
            let good = self.judge(&plan, &trial);
            if good && !depth.quick && is_fallback(&plan[0], &trial, &calls) {
                for around in schedule::kills_around(&plan[0], &trial.calls) {
                    let killed = self.trial(&around, &trial.calls)?;
                    self.judge(&around, &killed);
                }
            }
        }
        Ok(())
    }

    /// Runs a plan until it comes to pass: by the count of each thread, and if
    /// the threads will not do as in `calls` again, by the count of all.
    fn trial(&mut self, plan: &[Injection], calls: &[Call]) -> anyhow::Result<Trial> {
        let loose = loosened(plan, calls);
        // How often a loop goes round depends on the moment, but not what it calls.
        let any = first_of_name(&loose);
        let tries = [plan, plan, &loose, &loose, &any];
        let mut last = None;
        for plan in tries {
            let trial = self
                .runner
                .run(self.operation, plan)
                .with_context(|| format!("{}, {}", self.operation.name(), shown(plan)))?;
            let settled = trial.reached || !trial.complaints.is_empty();
            last = Some(trial);
            if settled {
                break;
            }
        }
        last.context("no try was made")
    }

    /// Counts a trial; true when nothing is wrong with it.
    fn judge(&mut self, plan: &[Injection], trial: &Trial) -> bool {
        let mut complaints = trial.complaints.clone();
        complaints.extend(self.leaks(trial));
        if !trial.reached {
            self.tally.unreached.push(shown(plan));
        }
        let text = plan
            .last()
            .and_then(|last| trial.calls.iter().find(|call| call.point == last.point));
        let text = text.map_or("", |call| call.text.as_str());
        let violation = Violation::new(self.operation.name(), plan, text, complaints);
        let good = violation.is_none();
        self.tally.count(plan, trial, good);
        self.tally.violations.extend(violation);
        good
    }

    fn leaks(&self, trial: &Trial) -> Vec<String> {
        let Some(outcome) = &trial.outcome else {
            return Vec::new();
        };
        let mut leaks = Vec::new();
        if outcome.new_descriptors.len() > self.holdings.0 {
            leaks.push(format!(
                "it leaves open {}",
                outcome.new_descriptors.join(", ")
            ));
        }
        if outcome.new_threads > self.holdings.1 {
            leaks.push(format!("it leaves {} threads", outcome.new_threads));
        }
        leaks
    }
}

/// Whether the operation worked by another way than the usual one.
fn is_fallback(injection: &Injection, trial: &Trial, usual: &[Call]) -> bool {
    let lasting = matches!(injection.fault, Fault::Fail { lasting: true, .. });
    let worked = trial.ending == Ending::Exited(0)
        && trial
            .outcome
            .as_ref()
            .is_some_and(|outcome| outcome.failure.is_none());
    lasting && worked && count(&trial.calls) != count(usual)
}

/// The same calls, counted over all threads.
fn loosened(plan: &[Injection], calls: &[Call]) -> Vec<Injection> {
    let loosen = |injection: &Injection| {
        let mut injection = injection.clone();
        if let Some(call) = calls.iter().find(|call| call.point == injection.point) {
            injection.point.thread = None;
            injection.point.index = call.occurrence;
        }
        injection
    };
    plan.iter().map(loosen).collect()
}

fn first_of_name(plan: &[Injection]) -> Vec<Injection> {
    let mut plan = plan.to_vec();
    for injection in plan
        .iter_mut()
        .filter(|injection| injection.point.thread.is_none())
    {
        injection.point.index = 0;
    }
    plan
}

fn count(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.point.name.clone()).or_default() += 1;
    }
    counts
}

fn shown(plan: &[Injection]) -> String {
    let parts: Vec<String> = plan.iter().map(Injection::to_string).collect();
    parts.join(" ")
}
