use std::sync::Mutex;
use std::time::Instant;

use super::*;

type Log = Arc<Mutex<Vec<String>>>;

/// What a test participant does when it is asked to prepare.
#[derive(Clone, Copy)]
enum Behaviour {
    Ready,
    Refuse,
    Panic,
    AnswerAfter(Duration),
    /// Hangs until it is cancelled.
    Hang,
    /// Is ready, and panics when told to commit or roll back.
    PanicLater,
}

struct Recorder {
    name: &'static str,
    behaviour: Behaviour,
    log: Log,
}

struct Change {
    name: &'static str,
    panics: bool,
    log: Log,
}

impl Prepared for Change {
    fn commit(self: Box<Self>) {
        assert!(!self.panics, "a participant's own bug");
        self.log
            .lock()
            .unwrap()
            .push(format!("commit {}", self.name));
    }

    fn rollback(self: Box<Self>) {
        assert!(!self.panics, "a participant's own bug");
        self.log
            .lock()
            .unwrap()
            .push(format!("rollback {}", self.name));
    }
}

impl Participant for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn prepare(&self, _: &HostConfig, _: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        match self.behaviour {
            Behaviour::Ready | Behaviour::PanicLater => {}
            Behaviour::Refuse => return Err("not today".into()),
            Behaviour::Panic => panic!("a participant's own bug"),
            Behaviour::AnswerAfter(pause) => thread::sleep(pause),
            Behaviour::Hang => {
                while !lines(&self.log).contains(&format!("cancel {}", self.name)) {
                    thread::sleep(Duration::from_millis(1));
                }
                self.log.lock().unwrap().push(format!("end {}", self.name));
                return Err("cancelled".into());
            }
        }
        Ok(Box::new(Change {
            name: self.name,
            panics: matches!(self.behaviour, Behaviour::PanicLater),
            log: Arc::clone(&self.log),
        }))
    }

    fn cancel(&self) {
        self.log
            .lock()
            .unwrap()
            .push(format!("cancel {}", self.name));
    }
}

fn run(
    behaviours: &[(&'static str, Behaviour)],
    limit: Duration,
) -> (Log, Result<ReadySet, Error>) {
    let log = Log::default();
    let participants: Vec<Arc<dyn Participant>> = behaviours
        .iter()
        .map(|&(name, behaviour)| {
            Arc::new(Recorder {
                name,
                behaviour,
                log: Arc::clone(&log),
            }) as Arc<dyn Participant>
        })
        .collect();
    let config = Arc::new(HostConfig::default());
    let result = prepare_all(&participants, &config, &config, limit);
    (log, result)
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

const LONG: Duration = Duration::from_secs(30);

#[test]
fn all_ready_commit_in_order() {
    let (log, set) = run(&[("a", Behaviour::Ready), ("b", Behaviour::Ready)], LONG);
    assert_eq!(set.unwrap().commit().all, ["a", "b"]);
    assert_eq!(lines(&log), ["commit a", "commit b"]);
}

#[test]
fn one_refusal_rolls_the_others_back_in_reverse() {
    let (log, set) = run(
        &[
            ("a", Behaviour::Ready),
            ("b", Behaviour::Ready),
            ("c", Behaviour::Refuse),
        ],
        LONG,
    );
    let error = set.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReloadRefused);
    assert_eq!(error.to_string(), "reload: c refused");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "not today"
    );
    assert_eq!(lines(&log), ["rollback b", "rollback a"]);
}

#[test]
fn a_panic_is_a_refusal() {
    let (log, set) = run(&[("a", Behaviour::Ready), ("b", Behaviour::Panic)], LONG);
    assert_eq!(set.unwrap_err().to_string(), "reload: b panicked");
    assert_eq!(lines(&log), ["rollback a"]);
}

#[test]
fn a_hanging_participant_is_given_up_and_its_late_answer_undone() {
    let late = Behaviour::AnswerAfter(Duration::from_millis(300));
    let (log, set) = run(
        &[("a", Behaviour::Ready), ("b", late)],
        Duration::from_millis(20),
    );
    let error = set.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("b did not answer"), "{error}");
    wait_for(&log, &["cancel b", "rollback a", "rollback b"]);
}

#[track_caller]
fn wait_for(log: &Log, wanted: &[&str]) {
    let begin = Instant::now();
    while lines(log).len() < wanted.len() && begin.elapsed() < LONG {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(lines(log), wanted);
}

#[test]
fn a_cancelled_participant_can_end_its_work() {
    let (log, set) = run(
        &[("a", Behaviour::Ready), ("b", Behaviour::Hang)],
        Duration::from_millis(20),
    );
    assert_eq!(set.unwrap_err().kind(), ErrorKind::TimedOut);
    let begin = Instant::now();
    while lines(&log).len() < 3 && begin.elapsed() < LONG {
        thread::sleep(Duration::from_millis(10));
    }
    let mut said = lines(&log);
    said.sort();
    assert_eq!(said, ["cancel b", "end b", "rollback a"]);
}

#[test]
fn a_panic_in_a_commit_or_a_rollback_stops_no_other() {
    let three = [
        ("a", Behaviour::Ready),
        ("b", Behaviour::PanicLater),
        ("c", Behaviour::Ready),
    ];
    let (log, set) = run(&three, LONG);
    let committed = set.unwrap().commit();
    assert_eq!(committed.all, ["a", "b", "c"]);
    assert_eq!(committed.panicked, ["b"]);
    assert_eq!(lines(&log), ["commit a", "commit c"]);

    let (log, set) = run(&three, LONG);
    set.unwrap().rollback();
    assert_eq!(lines(&log), ["rollback c", "rollback a"]);
}
