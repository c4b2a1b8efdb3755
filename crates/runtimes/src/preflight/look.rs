//! Looks at the programs of a table, under one limit of time for all.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::fault::PreflightFault;
use super::locate::{Identity, Search, executable};
use super::start::{program_can_start, shim_can_start};
use crate::answering::{LIMIT, SlowMounts};

/// After this time more programs are looked at, beside those that wait.
const PATIENCE: Duration = Duration::from_millis(250);

/// The most threads of one look.
const MOST_THREADS: usize = 64;

/// The time between two questions whether another look has come back.
const TICK: Duration = Duration::from_millis(2);

/// A program to look at.
///
/// The texts are compared byte by byte. To a `PathBuf`, `/bin/true/` and `/bin/true` are equal,
/// but the kernel cannot run the first one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// A program by its path or its bare name.
    Program(OsString),
    /// A containerd shim by its type or its path.
    Shim(String),
}

impl Asked {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Program(program) => Path::new(program),
            Self::Shim(shim) => Path::new(shim),
        }
    }

    pub(crate) fn look(&self, search: Search<'_>) -> Found {
        let path = match self {
            Self::Program(program) => program_can_start(Path::new(program), search),
            Self::Shim(shim) => shim_can_start(shim, search),
        }?;
        Ok((Identity::of(&executable(&path)?), path))
    }
}

/// A program that can start, and which file it is.
pub(crate) type Found = Result<(Identity, PathBuf), PreflightFault>;

/// The answers about some programs.
#[derive(Debug)]
pub(crate) struct Looked {
    asked: Arc<[Asked]>,
    answers: Vec<Found>,
}

impl Looked {
    /// What was found about this program.
    pub(crate) fn at(&self, asked: &Asked) -> Found {
        match self.asked.binary_search(asked) {
            Ok(place) => self.answers[place].clone(),
            Err(_) => Err(PreflightFault::NoAnswer),
        }
    }
}

/// Looks at each program once. What has not answered within the limit is not known.
///
/// The kernel lets nobody interrupt a look-up that waits for a server. So the looks have threads
/// of their own, which are left behind when they hang.
pub(crate) fn look_at(asked: BTreeSet<Asked>, search_path: &OsStr) -> Looked {
    let limits = Limits::new(search_path, LIMIT, PATIENCE);
    look_with(asked, limits, {
        let search_path = search_path.to_owned();
        let slow = SlowMounts::now();
        move |asked| asked.look(Search::new(&search_path, &slow))
    })
}

type Answer = (usize, Found);

/// Where programs are looked for, and how long.
#[derive(Debug, Clone)]
struct Limits {
    search_path: OsString,
    limit: Duration,
    patience: Duration,
}

impl Limits {
    fn new(search_path: &OsStr, limit: Duration, patience: Duration) -> Self {
        Self {
            search_path: search_path.to_owned(),
            limit,
            patience,
        }
    }
}

/// What the threads share.
struct Work<F> {
    asked: Arc<[Asked]>,
    /// The place of the next program that nobody looks at yet.
    next: AtomicUsize,
    limits: Limits,
    look: F,
}

/// Since when looks are under way. One that does not come back is the only one of its program,
/// however often that is asked about.
///
/// With another search path it may be another file, so that is part of the key.
static AWAY: Mutex<BTreeMap<(Asked, OsString), Instant>> = Mutex::new(BTreeMap::new());

/// A look that the caller has begun. It ends with this value, also if the look panics.
struct Away((Asked, OsString));

impl Away {
    /// Begins a look. If somebody else looks at the program, the error says since when.
    fn begin(asked: &Asked, search_path: &OsStr) -> Result<Self, Instant> {
        let key = (asked.clone(), search_path.to_owned());
        let mut away = AWAY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = away.get(&key) {
            return Err(*since);
        }
        away.insert(key.clone(), Instant::now());
        Ok(Self(key))
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let mut away = AWAY.lock().unwrap_or_else(PoisonError::into_inner);
        away.remove(&self.0);
    }
}

impl<F: Fn(&Asked) -> Found> Work<F> {
    fn run(&self, answers: &Sender<Answer>) {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(asked) = self.asked.get(place) else {
                return;
            };
            if answers.send((place, self.one(asked))).is_err() {
                return;
            }
        }
    }

    fn one(&self, asked: &Asked) -> Found {
        loop {
            match Away::begin(asked, &self.limits.search_path) {
                Ok(_away) => return (self.look)(asked),
                Err(since) if since.elapsed() >= self.limits.limit => {
                    return Err(PreflightFault::NoAnswer);
                }
                Err(_) => thread::sleep(TICK),
            }
        }
    }
}

fn look_with<F>(asked: BTreeSet<Asked>, limits: Limits, look: F) -> Looked
where
    F: Fn(&Asked) -> Found + Send + Sync + 'static,
{
    let asked: Arc<[Asked]> = asked.into_iter().collect();
    let work = Arc::new(Work {
        asked: Arc::clone(&asked),
        next: AtomicUsize::new(0),
        limits,
        look,
    });
    let answers = collect(&work);
    // Whoever still hangs looks at nothing more when it comes back.
    let begun = work.next.swap(asked.len(), Ordering::Relaxed);
    let answers = answers.into_iter().enumerate().map(|(place, answer)| {
        let is_begun = place < begun;
        answer.unwrap_or(Err(match is_begun {
            true => PreflightFault::NoAnswer,
            false => PreflightFault::NotLooked,
        }))
    });
    Looked {
        answers: answers.collect(),
        asked,
    }
}

/// The answers that come in time. While not all programs are looked at, the threads are doubled
/// each time that the patience is over: those that hang shall not use up the time of the others.
fn collect<F>(work: &Arc<Work<F>>) -> Vec<Option<Found>>
where
    F: Fn(&Asked) -> Found + Send + Sync + 'static,
{
    let (limit, patience) = (work.limits.limit, work.limits.patience);
    let mut answers = vec![None; work.asked.len()];
    let (sender, receiver) = mpsc::channel();
    let (begin, mut open, mut threads) = (Instant::now(), answers.len(), 0);
    let mut more_at = Duration::ZERO;
    while open > 0 {
        let passed = begin.elapsed();
        let has_more = work.next.load(Ordering::Relaxed) < answers.len();
        if has_more && passed >= more_at && threads < MOST_THREADS {
            let wanted = threads.max(1);
            let started = (0..wanted).filter(|_| start(work, &sender).is_ok()).count();
            threads += started;
            if threads == 0 {
                // Without a thread there is no limit. No answer is better than a wait for ever.
                break;
            }
            more_at = passed + patience;
        }
        let left = limit.saturating_sub(begin.elapsed());
        match receiver.recv_timeout(left.min(patience)) {
            Ok((place, answer)) => {
                answers[place] = Some(answer);
                open -= 1;
            }
            Err(RecvTimeoutError::Timeout) if left > patience => {}
            Err(_) => break,
        }
    }
    answers
}

fn start<F>(work: &Arc<Work<F>>, sender: &Sender<Answer>) -> io::Result<()>
where
    F: Fn(&Asked) -> Found + Send + Sync + 'static,
{
    let (work, sender) = (Arc::clone(work), sender.clone());
    let thread = thread::Builder::new().name("preflight".to_owned());
    thread.spawn(move || work.run(&sender)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str) -> Asked {
        Asked::Program(name.into())
    }

    /// What a look at a program of these tests finds.
    fn found() -> Found {
        let metadata = Path::new("/").metadata().unwrap();
        Ok((Identity::of(&metadata), PathBuf::new()))
    }

    #[test]
    fn one_that_hangs_takes_no_answer_from_the_others() {
        let asked = ["/a", "/hang", "/hang/", "/z"].map(program);
        let look = |asked: &Asked| {
            if asked
                .path()
                .as_os_str()
                .as_encoded_bytes()
                .starts_with(b"/hang")
            {
                thread::sleep(Duration::from_secs(600));
            }
            found()
        };
        let limit = Duration::from_secs(2);
        let patience = Duration::from_millis(20);
        let begin = Instant::now();
        let set: BTreeSet<_> = asked.iter().cloned().collect();
        let limits = Limits::new(OsStr::new(""), limit, patience);
        let looked = look_with(set.clone(), limits.clone(), look);
        assert!(begin.elapsed() >= limit && begin.elapsed() < limit * 5);
        let no_answer = Err(PreflightFault::NoAnswer);
        let expected = [found(), no_answer.clone(), no_answer, found()];
        let answers: Vec<_> = asked.iter().map(|asked| looked.at(asked)).collect();
        assert_eq!(answers, expected);
        // Nobody waits a second time for what hangs.
        let begin = Instant::now();
        let again = look_with(set, limits, look);
        assert!(begin.elapsed() < limit, "{:?}", begin.elapsed());
        assert_eq!(again.answers, looked.answers);
    }

    #[test]
    fn many_that_hang_leave_time_for_the_last_one() {
        let look = |asked: &Asked| {
            if asked.path().starts_with("/many") {
                thread::sleep(Duration::from_secs(600));
            }
            found()
        };
        let patience = Duration::from_millis(20);
        let with = |count: usize| {
            let names = (0..count).map(|n| program(&format!("/many/{count}/{n:03}")));
            let asked = names.chain([program("/z")]).collect();
            let limits = Limits::new(OsStr::new(""), Duration::from_secs(1), patience);
            look_with(asked, limits, look)
        };
        assert_eq!(with(40).at(&program("/z")), found());
        // More than there are threads: nobody has looked, which is another answer.
        let looked = with(MOST_THREADS + 1);
        assert_eq!(looked.at(&program("/z")), Err(PreflightFault::NotLooked));
        let first = program(&format!("/many/{}/000", MOST_THREADS + 1));
        assert_eq!(looked.at(&first), Err(PreflightFault::NoAnswer));
    }

    #[test]
    fn slow_answers_are_waited_for_side_by_side() {
        let look = |_: &Asked| {
            thread::sleep(Duration::from_millis(10));
            found()
        };
        let asked: BTreeSet<_> = (0..400).map(|n| program(&format!("/slow/{n}"))).collect();
        let limit = Duration::from_secs(3);
        let limits = Limits::new(OsStr::new(""), limit, Duration::from_millis(20));
        let looked = look_with(asked, limits, look);
        assert!(looked.answers.iter().all(Result::is_ok));
    }

    fn look_in<F>(search_path: &str, look: F) -> Found
    where
        F: Fn(&Asked) -> Found + Send + Sync + 'static,
    {
        let (limit, patience) = (Duration::from_millis(500), Duration::from_millis(20));
        let limits = Limits::new(OsStr::new(search_path), limit, patience);
        let asked = program("of-two-paths");
        look_with(BTreeSet::from([asked.clone()]), limits, look).at(&asked)
    }

    #[test]
    fn with_another_search_path_it_is_another_look() {
        let hangs = |_: &Asked| {
            thread::sleep(Duration::from_secs(600));
            found()
        };
        assert_eq!(look_in("/slow", hangs), Err(PreflightFault::NoAnswer));
        assert_eq!(look_in("/quick", |_| found()), found());
        let same = look_in("/slow", |_| found());
        assert_eq!(same, Err(PreflightFault::NoAnswer));
    }

    #[test]
    fn a_look_that_panics_is_over() {
        let panics = |_: &Asked| panic!("a look of this test");
        assert_eq!(look_in("/panic", panics), Err(PreflightFault::NoAnswer));
        assert_eq!(look_in("/panic", |_| found()), found());
    }

    #[test]
    fn each_program_is_looked_at_once() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let look = move |_: &Asked| {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(PreflightFault::Missing)
        };
        let asked: BTreeSet<_> = (0..1000).map(|n| program(&format!("/{n}"))).collect();
        let limits = Limits::new(OsStr::new(""), LIMIT, PATIENCE);
        let looked = look_with(asked.clone(), limits, look);
        assert!(
            asked
                .iter()
                .all(|asked| looked.at(asked) == Err(PreflightFault::Missing))
        );
        assert_eq!(count.load(Ordering::Relaxed), 1000);
        assert_eq!(look_at(BTreeSet::new(), OsStr::new("")).answers.len(), 0);
    }
}
