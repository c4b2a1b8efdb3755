//! Gives the jobs of an execution to threads, and replaces a thread that hangs.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::unmount::crew::work::{News, Queue, work};
use crate::unmount::crew::worker::{Slot, Worker};
use crate::unmount::execution::Execution;
use crate::unmount::options::Detach;
use crate::unmount::outcome::{Done, Failure, Outcome};
use crate::unmount::target::{Job, Move, from_above, jobs, spare_look_ups};

/// So many threads are worth their start even for few jobs.
const FEW_THREADS: usize = 8;
/// So many more jobs make another thread worth its start.
const JOBS_PER_THREAD: usize = 12;
/// How often the coordinating thread looks for workers that hang. It does so rarely, because a
/// processor that wakes up makes the grace periods of all unmounts longer.
const PATROL: Duration = Duration::from_millis(250);

/// Unmounts the chosen targets and calls `note` with each result, in this thread.
pub(crate) fn unmount_all(
    execution: &Arc<Execution>,
    chosen: impl Fn(usize) -> bool,
    mut note: impl FnMut(usize, Done),
) {
    let may_detach = execution.may_detach_trees();
    let spare = |job| match may_detach {
        true => spare_look_ups(&execution.targets, job),
        false => job,
    };
    let jobs: Vec<Job> = jobs(&execution.targets, chosen)
        .into_iter()
        .map(spare)
        .collect();
    if jobs.is_empty() {
        return;
    }
    let threads = threads(execution, jobs.len());
    let mut crew = Crew::new(execution, jobs);
    for _ in 0..threads {
        // All at once: each call waits for a grace period of the kernel, and waiting calls
        // overlap.
        crew.hire();
    }
    crew.finish(&mut note);
}

fn threads(execution: &Execution, jobs: usize) -> usize {
    let options = &execution.options;
    if jobs < options.parallel_from {
        return 1;
    }
    let worth = FEW_THREADS.max(jobs / JOBS_PER_THREAD);
    options.threads.min(worth).clamp(1, jobs)
}

impl Execution {
    /// Whether mounts may be detached together with those on them. Such a detach reaches the
    /// peers of each of them. Leaving one peer group does not prevent that.
    fn may_detach_trees(&self) -> bool {
        self.options.detach == Detach::WhenBusy && self.options.propagate
    }
}

/// The workers of one execution. Nobody waits for a worker that was given up: its thread stays
/// in the kernel until the call returns.
struct Crew<'e> {
    execution: &'e Arc<Execution>,
    queue: Arc<Queue>,
    workers: Vec<Option<Arc<Slot>>>,
    sender: Sender<News>,
    news: Receiver<News>,
}

impl<'e> Crew<'e> {
    fn new(execution: &'e Arc<Execution>, jobs: Vec<Job>) -> Self {
        let (sender, news) = mpsc::channel();
        Self {
            execution,
            queue: Arc::new(Queue::new(jobs)),
            workers: Vec::new(),
            sender,
            news,
        }
    }

    /// Starts a worker. If no thread can be started, this thread does the work, without a limit
    /// of time.
    fn hire(&mut self) {
        let (number, slot) = (self.workers.len(), Arc::new(Slot::default()));
        self.workers.push(Some(Arc::clone(&slot)));
        let (execution, queue) = (Arc::clone(self.execution), Arc::clone(&self.queue));
        let (sender, its_slot) = (self.sender.clone(), Arc::clone(&slot));
        let builder = thread::Builder::new().name("rootmount".to_owned());
        let started = builder.spawn(move || {
            work(Worker::new(its_slot), &execution, &queue, number, &sender);
        });
        if started.is_err() {
            // Others do its share. Only if there is no other must this thread work.
            let is_alone = self.workers.iter().flatten().count() == 1;
            if is_alone {
                work(
                    Worker::borrowed(slot),
                    self.execution,
                    &self.queue,
                    number,
                    &self.sender,
                );
            } else {
                self.workers[number] = None;
            }
        }
    }

    /// Waits for all workers and passes their results on.
    fn finish(&mut self, note: &mut impl FnMut(usize, Done)) {
        let limit = self.execution.options.step_limit;
        // A short limit needs a closer watch, or it would be noticed far too late.
        let patrol = PATROL.min(limit / 4).max(Duration::from_millis(1));
        while self.workers.iter().any(Option::is_some) {
            match self.news.recv_timeout(patrol) {
                Ok(News::Results(number)) => self.collect(number, note),
                Ok(News::Ended(number)) => {
                    self.collect(number, note);
                    self.workers[number] = None;
                    continue;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            for number in 0..self.workers.len() {
                self.patrol(number, limit, note);
            }
        }
        // Only if no thread could be started at all.
        while let Some(job) = self.queue.take() {
            job.iter()
                .for_each(|step| pass_on(step, &not_tried(), note));
        }
    }

    fn collect(&self, number: usize, note: &mut impl FnMut(usize, Done)) {
        let slot = self.workers[number].as_ref();
        for (step, done) in slot.map(|s| s.results()).unwrap_or_default() {
            pass_on(&step, &done, note);
        }
    }

    /// Gives up a worker that hangs and hires another one.
    fn patrol(&mut self, number: usize, limit: Duration, note: &mut impl FnMut(usize, Done)) {
        let slot = self.workers[number].as_ref();
        let Some(remains) = slot.and_then(|slot| slot.give_up(limit)) else {
            return;
        };
        // What it finished before it hung is still good.
        self.collect(number, note);
        self.workers[number] = None;
        let (job, hung) = (&remains.job, remains.hung);
        let no_answer = Done::of(Outcome::NoAnswer { limit });
        // A call that hangs may still succeed, so nothing is decided about its mount. A look-up
        // that hangs has changed nothing; then the mount below can be detached with all that is
        // on it.
        let above = match !remains.calling && self.execution.may_detach_trees() {
            true => from_above(&self.execution.targets, job, hung),
            false => None,
        };
        let rest = above.unwrap_or_else(|| {
            pass_on(&job[hung], &no_answer, note);
            job[hung + 1..].to_vec()
        });
        if !rest.is_empty() {
            self.queue.push(rest);
        }
        self.hire();
    }
}

/// Notes the result for the target of a move, and for the mounts that go with it.
fn pass_on(step: &Move, done: &Done, note: &mut impl FnMut(usize, Done)) {
    for &taken in &step.takes {
        note(taken, done.of_taken());
    }
    note(step.target, done.clone());
}

/// The result of a step that no thread has taken.
pub(crate) fn not_tried() -> Done {
    let text = "no thread could be prepared to unmount it";
    Done::of(Outcome::Failed(Failure::from(&Error::new(
        ErrorKind::Io,
        text,
    ))))
}

/// Unmounts one target that is not part of a plan.
pub(crate) fn unmount_one(execution: Execution) -> Done {
    let mut result = None;
    let execution = Arc::new(execution);
    unmount_all(&execution, |_| true, |_, done| result = Some(done));
    result.unwrap_or_else(not_tried)
}
