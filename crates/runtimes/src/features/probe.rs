//! Asks runtimes for their features: in parallel, under limits, once per binary.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::log::debug;

use super::probe_options::ProbeOptions;
use super::run_limited::{Output, RunFault, run};
use super::shim_info::ShimInfo;
use super::version::Version;
use crate::config::{RUNC_SHIM, ShimOptions};
use crate::features::{Features, FeaturesState};
use crate::names::{DEFAULT, is_permissible};
use crate::preflight::{self, Asked, Identity, Looked, look_at};
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
    /// A name that is not configured may be a shim's. Then that shim is asked.
    pub fn features_now(&self, name: &str) -> FeaturesState {
        let options = self.options();
        let name = if name.is_empty() {
            self.default_name()
        } else {
            name
        };
        let row = match self.row(name) {
            Some(row) => row.clone(),
            None if is_permissible(name) => Runtime::of_shim(name, name, None),
            None => return FeaturesState::NotApplicable,
        };
        let mut states =
            Cache::default().states(&[Arc::new(row)], &options.search_path, &options.probe);
        states.pop().unwrap_or(FeaturesState::NotApplicable)
    }
}

/// What decides the answer: which file, and what it is asked.
type Question = (Identity, OsString, Words);

/// How a program is asked for its features.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Words {
    /// A runtime: `features` after these arguments.
    Runtime(Vec<OsString>),
    /// A containerd shim: `-info`. The name is the one that is configured.
    Shim(String),
}

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
        let asked = rows.iter().filter_map(|row| program_of(row));
        let looked = look_at(asked.map(|(asked, _)| asked).collect(), search_path);
        let asked: Vec<_> = rows.iter().map(|row| question(row, &looked)).collect();
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

/// The program that is asked about this row, and how; `None` if there is nothing to ask.
fn program_of(row: &Runtime) -> Option<(Asked, Words)> {
    let runc = row.options.as_ref().and_then(ShimOptions::as_runc);
    Some(match &row.binary {
        Some(binary) => (program(binary), Words::Runtime(row.args.clone())),
        // `-info` is asked without options. For the runc shim the options name the program, so
        // that one is asked; what the options of another shim change, nobody knows.
        None if row.shim == RUNC_SHIM => {
            let binary = runc.and_then(|options| options.binary_name.as_deref());
            let binary = binary.unwrap_or(OsStr::new(DEFAULT));
            (program(binary.as_ref()), Words::Runtime(Vec::new()))
        }
        None if row.options.is_some() => return None,
        None => (Asked::Shim(row.shim.clone()), Words::Shim(row.shim.clone())),
    })
}

fn program(path: &Path) -> Asked {
    Asked::Program(path.as_os_str().to_owned())
}

/// Returns the question for this row, or its state if there is nothing to ask.
fn question(row: &Runtime, looked: &Looked) -> Result<Question, FeaturesState> {
    let (asked, words) = program_of(row).ok_or(FeaturesState::NotApplicable)?;
    match looked.at(&asked) {
        Ok((identity, path)) => Ok((identity, path.into(), words)),
        Err(why) => Err(FeaturesState::Failed {
            reason: format!("{:?}: {why}", asked.path()),
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
            let (_, path, words) = questions[place];
            let path = Path::new(path);
            let state = match (Instant::now() < end, words) {
                (true, Words::Runtime(args)) => ask(path, args, limits, end),
                (true, Words::Shim(name)) => ask_shim(path, name, limits, end),
                (false, _) => FeaturesState::Failed {
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
            reason: describe(path, "features", &fault, limits),
        },
    };
    debug!(binary = %path.display(), known = state.document().is_some(), "asked for features");
    state
}

/// Asks one shim, which may be of a containerd before 2.0 and not know the question.
fn ask_shim(path: &Path, name: &str, limits: &ProbeOptions, end: Instant) -> FeaturesState {
    let deadline = end.min(after(limits.time));
    let no_document = |version, why: &str| FeaturesState::NoDocument {
        version: Some(known_shim(name, version)),
        reason: format!("{path:?} -info: {why}"),
    };
    match run(path, ["-info"], deadline, limits.output) {
        Ok(output) if output.status.success() => match ShimInfo::parse(&output.stdout) {
            Ok(ShimInfo {
                version,
                features: Ok(features),
            }) => {
                let version = Some(known_shim(name, version));
                FeaturesState::Known(Arc::new(features.with_version(version)))
            }
            Ok(ShimInfo {
                version,
                features: Err(why),
            }) => no_document(version, &why),
            Err(why) => no_document(Version::default(), &why),
        },
        Ok(output) => no_document(Version::default(), &ending(&output)),
        Err(fault) => FeaturesState::Failed {
            reason: describe(path, "-info", &fault, limits),
        },
    }
}

/// The version that a shim told, under the name of the runtime that it is known to start.
fn known_shim(name: &str, told: Version) -> Version {
    let runtime = match name.strip_prefix("io.containerd.runsc.") {
        Some(_) => "runsc".to_owned(),
        None => name.to_owned(),
    };
    Version { runtime, ..told }
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

fn describe(path: &Path, asked: &str, fault: &RunFault, limits: &ProbeOptions) -> String {
    match fault {
        // The kernel reports a missing file and a missing interpreter by the same number.
        RunFault::Io(error) => match preflight::can_start(path, OsStr::new("")) {
            Err(why) => format!("{path:?}: {why}"),
            Ok(_) => format!("{path:?} {asked}: {error}"),
        },
        RunFault::Time => format!("{path:?} {asked}: killed after {:?}", limits.time),
        RunFault::Size => {
            format!(
                "{path:?} {asked}: killed after {} bytes of output",
                limits.output
            )
        }
    }
}
