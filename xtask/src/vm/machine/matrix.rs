//! All kernels, some at once, under KVM where that works.

use super::accel::{self, Accel, Choice};
use super::interrupt;
use super::job::Job;
use crate::vm::image::bundle::Bundle;
use crate::vm::image::payload::Test;
use crate::vm::parallel::each;
use crate::vm::say::kernel_report::KernelReport;
use crate::vm::say::ui::Ui;
use anyhow::Result;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What to run, and how.
pub(crate) struct Matrix<'a> {
    /// Kernels by title.
    pub(crate) bundles: &'a [(String, Bundle)],
    /// The common part of the initramfs.
    pub(crate) payload: &'a [u8],
    pub(crate) tests: &'a [Test],
    pub(crate) accel: Accel,
    /// Machines at once.
    pub(crate) jobs: usize,
    /// Start further kernels after one has failed.
    pub(crate) keep_going: bool,
    /// For one machine's whole life.
    pub(crate) deadline: Duration,
    pub(crate) ui: &'a Ui,
}

/// What one machine runs.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Place of the kernel.
    kernel: usize,
    /// Places of the tests, ascending.
    tests: Vec<usize>,
}

/// A part for each kernel. Those that the machines cannot share out evenly are divided among all:
/// five kernels on two machines are two each, and half of the last.
fn parts(kernels: usize, tests: usize, jobs: usize) -> Vec<Part> {
    let whole = kernels - kernels % jobs;
    let parts = (0..kernels).flat_map(|kernel| {
        let count = if kernel < whole { 1 } else { jobs };
        (0..count.min(tests.max(1))).map(move |first| Part {
            kernel,
            tests: (first..tests).step_by(count).collect(),
        })
    });
    parts.collect()
}

impl Matrix<'_> {
    /// Runs it; if the user ends it, with what was found until then.
    pub(crate) fn run(&self) -> Vec<KernelReport> {
        let failed = AtomicBool::new(false);
        let parts = parts(self.bundles.len(), self.tests.len(), self.jobs);
        let done = each(&parts, self.jobs, |part| {
            let (title, bundle) = &self.bundles[part.kernel];
            if interrupt::is_set() || failed.load(Ordering::Relaxed) && !self.keep_going {
                return KernelReport::not_run(title, part.tests.len(), None);
            }
            let report = self.machine(title, bundle, &part.tests);
            failed.fetch_or(report.is_failure(), Ordering::Relaxed);
            report
        });
        let titles = self.bundles.iter().map(|(title, _)| title);
        let mut kernels: Vec<KernelReport> = titles
            .map(|title| KernelReport::not_run(title, self.tests.len(), None))
            .collect();
        for (part, report) in parts.iter().zip(done) {
            kernels[part.kernel].add(&part.tests, report);
        }
        kernels
    }

    fn machine(&self, title: &str, bundle: &Bundle, tests: &[usize]) -> KernelReport {
        let tests: Vec<Test> = tests.iter().map(|&test| self.tests[test].clone()).collect();
        let job = Job {
            title,
            bundle,
            payload: self.payload,
            tests: &tests,
            accel: self.accel,
            deadline: self.deadline,
            ui: self.ui,
        };
        let report = job.run().unwrap_or_else(|error| {
            KernelReport::not_run(title, tests.len(), Some(format!("{error:#}")))
        });
        let failed = report.results.iter().filter(|it| it.outcome.is_failure());
        self.ui.note(&format!(
            "{title}: {} tests on {} in {:.1} s, {} failed",
            tests.len(),
            report.release,
            report.took.as_secs_f32(),
            failed.count()
        ));
        report
    }
}

/// KVM only where a kernel of ours has booted under it within ten seconds.
pub(crate) fn accelerator(bundle: &Bundle, payload: &[u8], ui: &Ui) -> Result<Accel> {
    let wish = std::env::var("VM_ACCEL").ok();
    let (accel, why) = match accel::choose(
        wish.as_deref(),
        Path::new("/sys/module"),
        Path::new("/dev/kvm"),
    ) {
        Choice::Settled(accel, why) => (accel, why),
        Choice::ProbeKvm => {
            let title = "probe";
            let deadline = Duration::from_secs(10);
            let job = Job {
                title,
                bundle,
                payload,
                tests: &[],
                accel: Accel::Kvm,
                deadline,
                ui,
            };
            match job.run() {
                Ok(report) if report.troubles.is_empty() => {
                    (Accel::Kvm, "a kernel booted under it".to_owned())
                }
                Ok(report) => (
                    Accel::Tcg,
                    format!("KVM does not work here: {}", report.troubles.join("; ")),
                ),
                Err(error) => (Accel::Tcg, format!("KVM does not work here: {error:#}")),
            }
        }
    };
    ui.line(&format!("accelerator: {accel:?} ({why})"));
    Ok(accel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_runs_once_on_every_kernel() {
        for (kernels, tests, jobs) in [(5, 101, 2), (1, 101, 2), (5, 1, 2), (4, 7, 3), (2, 0, 4)] {
            let parts = parts(kernels, tests, jobs);
            for kernel in 0..kernels {
                let of_it = parts.iter().filter(|part| part.kernel == kernel);
                let mut run: Vec<usize> = of_it.flat_map(|part| part.tests.clone()).collect();
                run.sort_unstable();
                assert_eq!(run, (0..tests).collect::<Vec<_>>());
            }
        }
        let kernels: Vec<usize> = parts(5, 101, 2).iter().map(|part| part.kernel).collect();
        assert_eq!(kernels, [0, 1, 2, 3, 4, 4]);
    }
}
