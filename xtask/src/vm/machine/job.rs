//! One kernel: boots it with the tests that are left until none is left.

use super::accel::Accel;
use super::interrupt;
use super::qemu::{Heard, Machine, Spec};
use crate::vm::image::bundle::Bundle;
use crate::vm::image::cpio::Archive;
use crate::vm::image::payload::Test;
use crate::vm::say::console::{self, Finding};
use crate::vm::say::kernel_report::KernelReport;
use crate::vm::say::ui::{Bar, Ui};
use crate::vm::say::verdict::{Boot, Outcome};
use anyhow::{Context, Result};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use support::protocol::Record;

/// A machine that dies again and again is given up after this many boots.
const BOOTS: usize = 4;

/// What to run on a kernel.
pub(crate) struct Job<'a> {
    pub(crate) title: &'a str,
    pub(crate) bundle: &'a Bundle,
    /// The common part of the initramfs.
    pub(crate) payload: &'a [u8],
    pub(crate) tests: &'a [Test],
    pub(crate) accel: Accel,
    /// For one machine's whole life.
    pub(crate) deadline: Duration,
    pub(crate) ui: &'a Ui,
}

impl Job<'_> {
    /// Runs it.
    pub(crate) fn run(&self) -> Result<KernelReport> {
        let start = Instant::now();
        let mut report = KernelReport::not_run(self.title, self.tests.len(), None);
        report.release.clone_from(&self.bundle.label);
        let bar = self.ui.tests(self.title, self.tests.len() as u64);
        for _ in 0..BOOTS {
            let left: Vec<usize> = (0..self.tests.len())
                .filter(|index| report.results[*index].outcome == Outcome::NotRun)
                .collect();
            let done = self.tests.len() - left.len();
            if !self.boot(&left, done, &bar, &mut report)? || interrupt::is_set() {
                break;
            }
        }
        report.took = start.elapsed();
        Ok(report)
    }

    /// One boot; true if it got some way and another one may finish the rest.
    fn boot(
        &self,
        left: &[usize],
        done: usize,
        bar: &Bar,
        report: &mut KernelReport,
    ) -> Result<bool> {
        let tests: Vec<Test> = left
            .iter()
            .map(|index| self.tests[*index].clone())
            .collect();
        let image = image(self.bundle, self.payload, &tests)?;
        let spec = Spec {
            bundle: self.bundle,
            initramfs: &image.path(),
            accel: self.accel,
        };
        let mut machine = Machine::start(&spec)?;
        let mut boot = Boot::new(tests.len());
        let trouble = self.watch(&mut machine, &mut boot, &tests, done, bar);
        if let Some(trouble) = &trouble {
            boot.died(trouble);
            report.troubles.push(trouble.clone());
            report.console.push_str(&machine.console());
        }
        report.boot = report.boot.max(boot.uptime);
        if let Some(release) = boot.release.take() {
            report.release = release;
        }
        let progress = boot.ended();
        for (index, result) in left.iter().zip(boot.results) {
            report.results[*index] = result;
        }
        if report.console.is_empty() && report.is_failure() {
            report.console = machine.console();
        }
        Ok(trouble.is_some() && progress > 0)
    }

    /// Listens until all is run; else what ended it.
    fn watch(
        &self,
        machine: &mut Machine,
        boot: &mut Boot,
        tests: &[Test],
        done: usize,
        bar: &Bar,
    ) -> Option<String> {
        let start = Instant::now();
        let mut last = Instant::now();
        // What the console has said before a test is not that test's doing.
        let mut before = 0;
        loop {
            match machine.hear(Duration::from_millis(200)) {
                Heard::Record(record) => {
                    let is_begin = matches!(record, Record::Begin { .. });
                    let ended = boot
                        .running()
                        .filter(|_| matches!(record, Record::End { .. }));
                    boot.hear(record);
                    if let Some(finding) = ended.and_then(|_| machine.finding(before)) {
                        boot.explain(ended, &finding.line);
                    }
                    if is_begin {
                        before = machine.console_length();
                    }
                    last = Instant::now();
                    bar.at((done + boot.ended()) as u64);
                    bar.message(
                        boot.running()
                            .map_or("", |index| tests[index].label.as_str()),
                    );
                }
                Heard::Nothing => {}
                Heard::Gone(_) if boot.is_done() => return None,
                Heard::Gone(status) => return Some(gone(machine.finding(before), status)),
            }
            if interrupt::is_set() {
                return Some("interrupted".to_owned());
            }
            // Powering off takes a moment; a guest that cannot is not worth a verdict.
            if boot.is_done() && last.elapsed() > Duration::from_secs(5) {
                return None;
            }
            let silence = self.silence(boot.running().map(|index| &tests[index]));
            if last.elapsed() > silence {
                return Some(hung(
                    machine,
                    before,
                    &format!("nothing heard for {} s", silence.as_secs()),
                ));
            }
            if start.elapsed() > self.deadline {
                return Some(hung(
                    machine,
                    before,
                    &format!("not done after {} s", self.deadline.as_secs()),
                ));
            }
        }
    }

    /// PID 1 itself ends a test at its limit; more silence means that it cannot.
    fn silence(&self, running: Option<&Test>) -> Duration {
        let limit = running.map_or(Duration::ZERO, |test| test.item.limit);
        limit + Duration::from_secs(30) * self.accel.patience()
    }
}

fn gone(finding: Option<Finding>, status: Option<ExitStatus>) -> String {
    match finding {
        Some(finding) => format!("{}: {}", finding.what, finding.line),
        // qemu ends with 0 whether the guest powered off or panicked.
        None => match status {
            Some(status) => format!("the machine ended before its tests did (qemu: {status})"),
            None => "the result port closed but qemu goes on".to_owned(),
        },
    }
}

fn hung(machine: &Machine, before: usize, what: &str) -> String {
    match machine.finding(before) {
        Some(finding) => format!("hung, {what}: {}: {}", finding.what, finding.line),
        None => format!(
            "hung, {what}; console ends: {}",
            console::tail(&machine.console(), 1)
        ),
    }
}

/// An initramfs in a file without a name, of which nothing is left even if we are killed.
pub(crate) struct Image(std::fs::File);

impl Image {
    /// Where qemu, a child of this process, finds it.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            self.0.as_raw_fd()
        ))
    }
}

/// Payload, modules and plan: the kernel unpacks one archive after another.
pub(crate) fn image(bundle: &Bundle, payload: &[u8], tests: &[Test]) -> Result<Image> {
    let mut file = tempfile::tempfile().context("making the initramfs")?;
    let modules = read(&bundle.modules())?;
    let mut plan = Archive::new(Vec::new());
    let items: Vec<_> = tests.iter().map(|test| test.item.clone()).collect();
    plan.file(
        support::plan::PATH,
        0o644,
        support::plan::render(&items).as_bytes(),
    )?;
    for part in [payload, &modules, &plan.finish()?] {
        file.write_all(part).with_context(|| {
            let directory = std::env::temp_dir();
            format!("{}: is the disk full?", directory.display())
        })?;
    }
    file.flush()?;
    Ok(Image(file))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}
