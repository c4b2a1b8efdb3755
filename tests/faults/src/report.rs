//! What a run of the driver says: a table for people, JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Injection};
use crate::tracer::Ending;
use crate::trial::Trial;

/// What came of all the faults of one operation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) operation: String,
    pub(crate) about: String,
    /// System calls of the undisturbed run.
    pub(crate) points: usize,
    /// How often each is made.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Kills, and after how many of them the next start put all in order.
    pub(crate) kills: Count,
    /// Errors, and how many of them did no harm.
    pub(crate) errors: Count,
    /// Of the errors: those that the operation got round.
    pub(crate) absorbed: usize,
    /// Of the errors: those that the operation reported.
    pub(crate) reported: usize,
    /// Of those: where the report does not name the injected error.
    pub(crate) unnamed: Vec<String>,
    /// Faults whose point did not come up again.
    pub(crate) unreached: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) seconds: f64,
}

/// How many were done and how many went well.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) done: usize,
    pub(crate) good: usize,
}

/// A fault that an operation did not survive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Violation {
    pub(crate) fault: String,
    /// The call with its paths.
    pub(crate) call: String,
    pub(crate) complaints: Vec<String>,
    /// The command that shows it again.
    pub(crate) reproduce: String,
}

impl Violation {
    /// Nothing, if nobody complains.
    pub(crate) fn new(
        operation: &str,
        plan: &[Injection],
        call: &str,
        complaints: Vec<String>,
    ) -> Option<Violation> {
        let fault: Vec<String> = plan.iter().map(Injection::to_string).collect();
        let mut reproduce = format!("cargo xtask faults --operation {operation}");
        for injection in &fault {
            let _ = write!(reproduce, " --inject {injection}");
        }
        let violation = Violation {
            fault: fault.join(" "),
            call: call.to_owned(),
            complaints,
            reproduce,
        };
        Some(violation).filter(|violation| !violation.complaints.is_empty())
    }
}

impl Tally {
    pub(crate) fn new(operation: &str, about: &str) -> Tally {
        Tally {
            operation: operation.to_owned(),
            about: about.to_owned(),
            points: 0,
            calls: BTreeMap::new(),
            kills: Count::default(),
            errors: Count::default(),
            absorbed: 0,
            reported: 0,
            unnamed: Vec::new(),
            unreached: Vec::new(),
            violations: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Adds a trial.
    pub(crate) fn count(&mut self, plan: &[Injection], trial: &Trial, good: bool) {
        let Some(fault) = plan.last().filter(|_| trial.reached) else {
            return;
        };
        let Fault::Fail { errno, .. } = fault.fault else {
            self.kills.add(good && trial.ending == Ending::Killed);
            return;
        };
        self.errors.add(good);
        match trial.outcome.as_ref().map(|outcome| &outcome.failure) {
            Some(None) => self.absorbed += 1,
            Some(Some(failure)) => {
                self.reported += 1;
                if !failure.names(errno.number) {
                    self.unnamed.push(format!("{fault}: {}", failure.text));
                }
            }
            None => {}
        }
    }
}

impl Count {
    fn add(&mut self, good: bool) {
        self.done += 1;
        self.good += usize::from(good);
    }
}

/// The violations, then the table, then the closing line.
pub(crate) fn render(tallies: &[Tally]) -> String {
    let mut text = String::new();
    for tally in tallies {
        for group in groups(&tally.violations) {
            write_group(&mut text, &tally.operation, &group);
        }
    }
    text.push('\n');
    text.push_str(&table(tallies));
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let _ = writeln!(
        text,
        "\n{} points, {} kills, {} errors, {} not reached, {} violations",
        sum(|tally| tally.points),
        sum(|tally| tally.kills.done),
        sum(|tally| tally.errors.done),
        sum(|tally| tally.unreached.len()),
        sum(|tally| tally.violations.len()),
    );
    text
}

/// How many faults of one kind are named; all of them are in the JSON.
const NAMED: usize = 8;

/// Violations that somebody complains of in the same words, together.
fn groups(violations: &[Violation]) -> Vec<Vec<&Violation>> {
    let mut groups: Vec<Vec<&Violation>> = Vec::new();
    for violation in violations {
        match groups
            .iter_mut()
            .find(|group| group[0].complaints == violation.complaints)
        {
            Some(group) => group.push(violation),
            None => groups.push(vec![violation]),
        }
    }
    groups
}

fn write_group(text: &mut String, operation: &str, group: &[&Violation]) {
    let _ = writeln!(text, "\n{operation}, {} times:", group.len());
    for complaint in &group[0].complaints {
        let _ = writeln!(text, "    {complaint}");
    }
    for violation in group.iter().take(NAMED) {
        let _ = writeln!(text, "  at {} {}", violation.fault, violation.call);
    }
    if group.len() > NAMED {
        let _ = writeln!(text, "  and {} more", group.len() - NAMED);
    }
    let _ = writeln!(text, "  again: {}", group[0].reproduce);
}

fn table(tallies: &[Tally]) -> String {
    let mut text = format!(
        "{:<22} {:>6} {:>6} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10} {:>7}\n",
        "operation",
        "calls",
        "kills",
        "recovered",
        "errors",
        "absorbed",
        "reported",
        "unnamed",
        "unreached",
        "violations",
        "time"
    );
    for tally in tallies {
        let _ = writeln!(
            text,
            "{:<22} {:>6} {:>6} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10} {:>6.1}s",
            tally.operation,
            tally.points,
            tally.kills.done,
            tally.kills.good,
            tally.errors.done,
            tally.absorbed,
            tally.reported,
            tally.unnamed.len(),
            tally.unreached.len(),
            tally.violations.len(),
            tally.seconds,
        );
    }
    text
}
