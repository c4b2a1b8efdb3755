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
}

struct Recorder {
    name: &'static str,
    behaviour: Behaviour,
    log: Log,
}

struct Change {
    name: &'static str,
    log: Log,
}

impl Prepared for Change {
    fn commit(self: Box<Self>) {
        self.log
            .lock()
            .unwrap()
            .push(format!("commit {}", self.name));
    }

    fn rollback(self: Box<Self>) {
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
            Behaviour::Ready => {}
            Behaviour::Refuse => return Err("not today".into()),
            Behaviour::Panic => panic!("a participant's own bug"),
            Behaviour::AnswerAfter(pause) => thread::sleep(pause),
        }
        Ok(Box::new(Change {
            name: self.name,
            log: Arc::clone(&self.log),
        }))
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
    assert_eq!(set.unwrap().commit(), ["a", "b"]);
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
    assert_eq!(lines(&log)[0], "rollback a");
    let begin = Instant::now();
    while lines(&log).len() < 2 && begin.elapsed() < LONG {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(lines(&log), ["rollback a", "rollback b"]);
}
