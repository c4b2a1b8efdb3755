//! From records to one outcome per test: pure, so that each way a machine
//! can die has a test here.

use std::time::Duration;
use support::protocol::{Record, Verdict};

/// How one test on one kernel came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
    TimedOut,
    /// The machine died under it.
    Died(String),
    /// Never begun.
    NotRun,
}

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::TimedOut | Self::Died(_))
    }
}

/// A test's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestResult {
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// What it wrote.
    pub(crate) output: Vec<u8>,
}

/// Collects the records of one boot.
#[derive(Debug)]
pub(crate) struct Boot {
    pub(crate) release: Option<String>,
    pub(crate) uptime: Duration,
    pub(crate) results: Vec<TestResult>,
    running: Option<usize>,
    done: bool,
}

/// What a test writes is kept up to here.
const KEPT: usize = 256 << 10;

impl Boot {
    /// Nothing heard of this many tests yet.
    pub(crate) fn new(tests: usize) -> Self {
        let fresh = TestResult {
            outcome: Outcome::NotRun,
            took: Duration::ZERO,
            output: Vec::new(),
        };
        Self {
            release: None,
            uptime: Duration::ZERO,
            results: vec![fresh; tests],
            running: None,
            done: false,
        }
    }

    /// Takes one record in. Records that do not fit are dropped: only the
    /// sequence begin, end, …, done can make a test pass.
    pub(crate) fn hear(&mut self, record: Record) {
        match record {
            Record::Hello {
                release, uptime_ms, ..
            } => {
                self.release = Some(release);
                self.uptime = Duration::from_millis(uptime_ms);
            }
            Record::Begin { index } if index < self.results.len() => self.running = Some(index),
            Record::Output { line } => {
                let Some(index) = self.running else { return };
                let output = &mut self.results[index].output;
                if output.len() < KEPT {
                    output.extend(line);
                    output.push(b'\n');
                }
            }
            Record::End { index, verdict, ms } if self.running == Some(index) => {
                self.running = None;
                self.results[index].took = Duration::from_millis(ms);
                self.results[index].outcome = match verdict {
                    Verdict::Passed => Outcome::Passed,
                    Verdict::Failed(why) => Outcome::Failed(why),
                    Verdict::Skipped(why) => Outcome::Skipped(why),
                    Verdict::TimedOut => Outcome::TimedOut,
                };
            }
            Record::Done { run } => self.done = run == self.results.len(),
            _ => {}
        }
    }

    /// Adds what the kernel said during a test to the reason of its failure.
    pub(crate) fn explain(&mut self, index: Option<usize>, line: &str) {
        let result = index.and_then(|index| self.results.get_mut(index));
        if let Some(Outcome::Failed(why)) = result.map(|result| &mut result.outcome) {
            why.push_str("; the kernel said: ");
            why.push_str(line);
        }
    }

    /// The test that runs now.
    pub(crate) fn running(&self) -> Option<usize> {
        self.running
    }

    /// How many have ended.
    pub(crate) fn ended(&self) -> usize {
        self.results
            .iter()
            .filter(|result| result.outcome != Outcome::NotRun)
            .count()
    }

    /// True once the machine has said that all is run.
    pub(crate) fn is_done(&self) -> bool {
        self.done && self.ended() == self.results.len()
    }

    /// The machine has died: so has the test that ran.
    pub(crate) fn died(&mut self, why: &str) {
        if let Some(index) = self.running.take() {
            self.results[index].outcome = Outcome::Died(why.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(index: usize) -> Record {
        Record::Begin { index }
    }

    fn end(index: usize, verdict: Verdict) -> Record {
        Record::End {
            index,
            verdict,
            ms: 5,
        }
    }

    fn boot(tests: usize, records: &[Record]) -> Boot {
        let mut boot = Boot::new(tests);
        records.iter().cloned().for_each(|record| boot.hear(record));
        boot
    }

    #[test]
    fn a_whole_run() {
        let records = [
            Record::Hello {
                release: "6.1".into(),
                uptime_ms: 1800,
                tests: 2,
            },
            begin(0),
            Record::Output {
                line: b"hello".to_vec(),
            },
            end(0, Verdict::Passed),
            begin(1),
            end(1, Verdict::Skipped("why".into())),
            Record::Done { run: 2 },
        ];
        let boot = boot(2, &records);
        assert!(boot.is_done());
        assert_eq!(boot.release.as_deref(), Some("6.1"));
        assert_eq!(boot.results[0].outcome, Outcome::Passed);
        assert_eq!(boot.results[0].output, b"hello\n");
        assert_eq!(boot.results[1].outcome, Outcome::Skipped("why".into()));
    }

    #[test]
    fn without_done_nothing_is_done_and_the_running_test_died() {
        let mut boot = boot(3, &[begin(0), end(0, Verdict::Passed), begin(1)]);
        assert!(!boot.is_done());
        boot.died("panic");
        assert_eq!(boot.results[0].outcome, Outcome::Passed);
        assert_eq!(boot.results[1].outcome, Outcome::Died("panic".into()));
        assert_eq!(boot.results[2].outcome, Outcome::NotRun);
        boot.died("again");
        assert_eq!(boot.results[2].outcome, Outcome::NotRun);
    }

    #[test]
    fn records_out_of_turn_make_no_verdict() {
        let records = [
            end(0, Verdict::Passed),
            begin(7),
            end(7, Verdict::Passed),
            begin(1),
            end(0, Verdict::Passed),
        ];
        let heard = boot(2, &records);
        assert!(
            heard
                .results
                .iter()
                .all(|result| result.outcome == Outcome::NotRun)
        );
        assert!(!boot(2, &[Record::Done { run: 2 }]).is_done());
        assert!(
            !boot(
                1,
                &[begin(0), end(0, Verdict::Passed), Record::Done { run: 0 }]
            )
            .is_done()
        );
    }

    #[test]
    fn what_the_kernel_said_explains_a_failure_only() {
        let failed = Verdict::Failed("killed by signal 9".into());
        let records = [begin(0), end(0, Verdict::Passed), begin(1), end(1, failed)];
        let mut boot = boot(2, &records);
        boot.explain(Some(0), "Out of memory");
        boot.explain(Some(1), "Out of memory");
        boot.explain(None, "Out of memory");
        assert_eq!(boot.results[0].outcome, Outcome::Passed);
        let wanted = "killed by signal 9; the kernel said: Out of memory";
        assert_eq!(boot.results[1].outcome, Outcome::Failed(wanted.into()));
    }

    #[test]
    fn endless_output_is_cut() {
        let mut boot = boot(1, &[begin(0)]);
        for _ in 0..100 {
            boot.hear(Record::Output {
                line: vec![b'x'; 8 << 10],
            });
        }
        assert!(boot.results[0].output.len() < KEPT + (9 << 10));
    }
}
