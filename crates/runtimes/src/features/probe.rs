//! Asks runtimes for their features: in parallel, under limits, once per binary.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::log::debug;

use super::probe_options::ProbeOptions;
use super::run_limited::{Output, RunFault, run};
use super::version::Version;
use crate::features::{Features, FeaturesState};
use crate::preflight::{self, Identity};
use crate::table::{Runtime, Runtimes};

impl Runtimes {
    /// The same table with the features of its runtimes, asked for now.
    ///
    /// Use it for a single question to a table that no [`Registry`](crate::Registry) keeps. It
    /// writes nothing: a wrapper's program is called with the wrapper's arguments. Blocks up to the
    /// limits of the table's options.
    #[must_use]
    pub fn probed(&self) -> Self {
        let options = self.options();
        let states = Cache::default().states(&self.rows, &options.search_path, &options.probe);
        let with_features = |(row, features): (&Arc<Runtime>, FeaturesState)| {
            Arc::new(Runtime {
                features,
                ..Runtime::clone(row)
            })
        };
        self.with_rows(self.rows.iter().zip(states).map(with_features).collect())
    }

    /// The features of one runtime, asked for now; the others are not asked.
    ///
    /// A name that is no row may be a shim's, which has none to tell.
    pub fn features_now(&self, name: &str) -> FeaturesState {
        let options = self.options();
        let row = self.row(if name.is_empty() {
            self.default_name()
        } else {
            name
        });
        let mut states = row.map_or_else(Vec::new, |row| {
            let rows = [Arc::new(row.clone())];
            Cache::default().states(&rows, &options.search_path, &options.probe)
        });
        states.pop().unwrap_or(FeaturesState::NotApplicable)
    }
}

/// What decides the answer: which file, and with which arguments it is called.
type Question = (Identity, PathBuf, Vec<OsString>);

/// Keeps the answers by question. A replaced binary is another question.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    answers: BTreeMap<Question, FeaturesState>,
}

impl Cache {
    /// Returns the features of these runtimes, one state for each row, in order.
    ///
    /// It runs programs only for questions without a lasting answer. It forgets answers that no row
    /// needs any more.
    pub(crate) fn states(
        &mut self,
        rows: &[Arc<Runtime>],
        search_path: &OsStr,
        limits: &ProbeOptions,
    ) -> Vec<FeaturesState> {
        let asked: Vec<_> = rows.iter().map(|row| question(row, search_path)).collect();
        let wanted: BTreeSet<&Question> = asked.iter().flatten().collect();
        self.answers
            .retain(|question, state| wanted.contains(question) && state.is_lasting());
        let open: Vec<&Question> = wanted
            .into_iter()
            .filter(|question| !self.answers.contains_key(question))
            .collect();
        for (question, state) in open.iter().zip(ask_all(&open, limits)) {
            self.answers.insert((*question).clone(), state);
        }
        let state = |asked: &Result<Question, FeaturesState>| match asked {
            Ok(question) => self.answers[question].clone(),
            Err(state) => state.clone(),
        };
        asked.iter().map(state).collect()
    }
}

/// Returns the question for this row, or its state if there is nothing to ask.
fn question(row: &Runtime, search_path: &OsStr) -> Result<Question, FeaturesState> {
    let Some(binary) = &row.binary else {
        return Err(FeaturesState::NotApplicable);
    };
    let located = preflight::locate(binary, search_path);
    let found = located.and_then(|path| Ok((preflight::executable(&path)?, path)));
    match found {
        Ok((metadata, path)) => Ok((Identity::of(&metadata), path, row.args.clone())),
        Err(why) => Err(FeaturesState::Failed {
            reason: format!("{binary:?}: {why}"),
        }),
    }
}

fn ask_all(questions: &[&Question], limits: &ProbeOptions) -> Vec<FeaturesState> {
    let end = after(limits.total_time);
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(vec![FeaturesState::NotProbed; questions.len()]);
    let work = || {
        while let Some(place) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < questions.len())
        {
            let (_, path, args) = questions[place];
            let state = match Instant::now() < end {
                true => ask(path, args, limits, end),
                false => FeaturesState::Failed {
                    reason: "no time was left to ask it".to_owned(),
                },
            };
            answers.lock().unwrap_or_else(PoisonError::into_inner)[place] = state;
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..limits.parallel.min(questions.len()) {
            // Without another thread this one does all the work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The moment at the end of a limit. A limit that is longer than the clock reaches never ends.
fn after(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + FAR)
}

/// Asks one program. A wrapper's program gets the same words without the script and its shell.
fn ask(path: &Path, args: &[OsString], limits: &ProbeOptions, end: Instant) -> FeaturesState {
    let deadline = end.min(after(limits.time));
    let words = args
        .iter()
        .map(OsString::as_os_str)
        .chain([OsStr::new("features")]);
    let state = match run(path, words, deadline, limits.output) {
        Ok(output) if output.status.success() => match Features::parse(&output.stdout) {
            Ok(features) => {
                let is_listed = features.mount_options().contains("rro") == Some(true);
                let version = (!is_listed).then(|| version(path, deadline, limits));
                FeaturesState::Known(Arc::new(features.with_version(version.flatten())))
            }
            Err(why) => FeaturesState::NoDocument {
                version: None,
                reason: format!("{path:?} features printed no features document: {why}"),
            },
        },
        Ok(output) => FeaturesState::NoDocument {
            version: version(path, deadline, limits),
            reason: format!("{path:?} features: {}", ending(&output)),
        },
        Err(fault) => FeaturesState::Failed {
            reason: describe(path, &fault, limits),
        },
    };
    debug!(binary = %path.display(), known = state.document().is_some(), "asked for features");
    state
}

fn version(path: &Path, deadline: Instant, limits: &ProbeOptions) -> Option<Version> {
    let output = run(path, ["--version"], deadline, limits.output).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output
        .status
        .success()
        .then(|| Version::parse(&text))
        .flatten()
}

/// How a program that failed ended, with the first line of its complaint.
fn ending(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    match stderr.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{}: {}", output.status, line.trim()),
        None => output.status.to_string(),
    }
}

fn describe(path: &Path, fault: &RunFault, limits: &ProbeOptions) -> String {
    match fault {
        // The kernel reports a missing file and a missing interpreter by the same number.
        RunFault::Io(error) => match preflight::can_start(path, OsStr::new("")) {
            Err(why) => format!("{path:?}: {why}"),
            Ok(_) => format!("{path:?} features: {error}"),
        },
        RunFault::Time => format!("{path:?} features: killed after {:?}", limits.time),
        RunFault::Size => {
            format!(
                "{path:?} features: killed after {} bytes of output",
                limits.output
            )
        }
    }
}
