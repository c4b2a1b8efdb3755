//! What came of the tests on one kernel.

use std::time::Duration;

use super::verdict::{Boot, Outcome, TestResult};

/// Results and troubles of one kernel.
#[derive(Clone, Debug)]
pub(crate) struct KernelReport {
    pub(crate) title: String,
    pub(crate) release: String,
    pub(crate) boot: Duration,
    pub(crate) took: Duration,
    /// In the order of the tests.
    pub(crate) results: Vec<TestResult>,
    /// What went wrong with machines, and the consoles of those.
    pub(crate) troubles: Vec<String>,
    pub(crate) console: String,
}

impl KernelReport {
    /// A kernel that never ran.
    pub(crate) fn not_run(title: &str, tests: usize, trouble: Option<String>) -> Self {
        Self {
            title: title.to_owned(),
            release: String::new(),
            boot: Duration::ZERO,
            took: Duration::ZERO,
            results: Boot::new(tests).results,
            troubles: trouble.into_iter().collect(),
            console: String::new(),
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        !self.troubles.is_empty()
            || self
                .results
                .iter()
                .any(|result| result.outcome.is_failure())
    }

    /// Takes in what a machine found of the tests at these places.
    pub(crate) fn add(&mut self, tests: &[usize], report: KernelReport) {
        for (&test, result) in tests.iter().zip(report.results) {
            self.results[test] = result;
        }
        if !report.release.is_empty() {
            self.release = report.release;
        }
        self.boot = self.boot.max(report.boot);
        self.took = self.took.max(report.took);
        self.troubles.extend(report.troubles);
        self.console.push_str(&report.console);
    }

    /// Troubles of machines that died between tests, so that none bears them.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &String> {
        self.troubles.iter().filter(|trouble| {
            !self
                .results
                .iter()
                .any(|result| matches!(&result.outcome, Outcome::Died(why) if why == *trouble))
        })
    }
}
