//! The work of one thread: it does one job after another.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::unmount::crew::worker::{Worker, lock};
use crate::unmount::execution::Execution;
use crate::unmount::outcome::Done;
use crate::unmount::step::run;
use crate::unmount::target::Job;

/// For how long a thread keeps results to itself. Each hand-over wakes the calling thread.
/// Every unmount waits for a grace period of the kernel, and a processor that is awake makes it
/// several times as long.
const BATCH_TIME: Duration = Duration::from_millis(20);

/// Jobs that nobody has taken yet.
pub(crate) struct Queue(Mutex<VecDeque<Job>>);

impl Queue {
    pub(crate) fn new(jobs: Vec<Job>) -> Self {
        Self(Mutex::new(jobs.into()))
    }

    pub(crate) fn push(&self, job: Job) {
        // To the front: it is the rest of a job that has waited already.
        lock(&self.0).push_front(job);
    }

    pub(crate) fn take(&self) -> Option<Job> {
        lock(&self.0).pop_front()
    }
}

/// What a worker tells the coordinating thread, with its number.
pub(crate) enum News {
    /// It has results.
    Results(usize),
    /// It has found no more work.
    Ended(usize),
}

/// Works until there is no job left, or until it is given up.
pub(crate) fn work(
    mut worker: Worker,
    execution: &Execution,
    queue: &Queue,
    number: usize,
    news: &Sender<News>,
) {
    let mut told = Instant::now();
    let slot = Arc::clone(&worker.slot);
    // The receiver may have given this worker up; then nobody listens.
    let tell = |what: News| drop(news.send(what));
    while let Some(job) = queue.take() {
        slot.begin(job.clone());
        for (at, step) in job.into_iter().enumerate() {
            let refused = execution.gate.as_ref().and_then(|gate| gate.refuses(&step));
            // After the gate: the time that it takes to gather evidence is not that of the
            // step.
            slot.begin_move(at);
            let done = match refused {
                Some(outcome) => Done::of(outcome),
                None => run(execution, &step, &mut worker),
            };
            if !slot.end_move(step, done) {
                return;
            }
            if told.elapsed() >= BATCH_TIME {
                tell(News::Results(number));
                told = Instant::now();
            }
        }
    }
    tell(News::Ended(number));
}
