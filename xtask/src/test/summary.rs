//! The end of a test run: one line per tier, then the plain closing line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::libtest::Report;
use crate::vm;

/// One tier of tests and how it went.
#[derive(Debug)]
pub(crate) struct Tier {
    pub(crate) name: &'static str,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that did not run, by reason. Never part of `passed`.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Tests that passed and left a part out, by reason.
    in_part: BTreeMap<String, usize>,
    pub(crate) took: Duration,
    /// One line a reader needs beside the counts.
    pub(crate) note: Option<String>,
    /// What failed, each with enough to find it.
    pub(crate) failures: Vec<String>,
}

impl Tier {
    pub(crate) fn new(name: &'static str) -> Tier {
        Tier {
            name,
            passed: 0,
            failed: 0,
            skipped: BTreeMap::new(),
            in_part: BTreeMap::new(),
            took: Duration::ZERO,
            note: None,
            failures: Vec::new(),
        }
    }

    /// Adds what one harness said.
    pub(crate) fn add(&mut self, place: &str, report: &Report, took: Duration) {
        self.passed += report.passed;
        self.failed += report.failed;
        self.took += took;
        let named: usize = report.reasons.values().sum();
        for (reason, count) in &report.reasons {
            self.skip(reason, *count);
        }
        for (reason, count) in &report.skipped {
            self.skip(reason, *count);
        }
        for (reason, count) in &report.in_part {
            *self.in_part.entry(reason.clone()).or_default() += count;
        }
        self.skip("ignored", report.ignored.saturating_sub(named));
        for name in &report.failures {
            self.failures.push(format!("{place}: {name}"));
        }
    }

    /// Counts something that failed without a test's name: a build, a crash, a hang.
    pub(crate) fn fail(&mut self, what: String) {
        self.failed += 1;
        self.failures.push(what);
    }

    pub(crate) fn skip(&mut self, reason: &str, count: usize) {
        if count > 0 {
            *self.skipped.entry(reason.to_owned()).or_default() += count;
        }
    }

    /// Takes out the tests that are ignored because they wait for a VM.
    pub(crate) fn take_vm_tests(&mut self) -> usize {
        let (vm, rest) = std::mem::take(&mut self.skipped)
            .into_iter()
            .partition(|(reason, _)| reason.starts_with("vm: "));
        self.skipped = rest;
        let vm: BTreeMap<String, usize> = vm;
        vm.values().sum()
    }

    /// Counts a lane that did not run.
    pub(crate) fn leave_out(&mut self, reason: &str, tests: usize) {
        self.skip(reason, tests);
        if tests == 0 {
            self.note = Some(reason.to_owned());
        }
    }

    /// Adds what the VM lane found.
    pub(crate) fn add_lane(&mut self, outcome: vm::Outcome) {
        self.passed += outcome.passed;
        self.failed += outcome.failed;
        // Which test on which kernel stands in the lane's own matrix.
        for skipped in outcome.skipped {
            let reason = skipped.rsplit(": ").next().unwrap_or(&skipped);
            self.skip(reason, 1);
        }
        self.failures.extend(outcome.failures);
        self.note = Some(outcome.note).filter(|note| !note.is_empty());
    }

    pub(crate) fn skipped_total(&self) -> usize {
        self.skipped.values().sum()
    }

    fn reasons(&self) -> String {
        let mut parts: Vec<String> = self
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count} × {reason}"))
            .collect();
        let in_part = self.in_part.iter();
        parts.extend(in_part.map(|(reason, count)| format!("{count} in part: {reason}")));
        parts.extend(self.note.clone());
        parts.join("; ")
    }
}

/// The failures, the table and the closing line, as text.
pub(crate) fn render(tiers: &[Tier]) -> String {
    let mut text = failures(tiers);
    let _ = writeln!(
        text,
        "\n{:<12} {:>7} {:>7} {:>8} {:>8}",
        "tier", "passed", "failed", "skipped", "time"
    );
    for tier in tiers {
        let line = format!(
            "{:<12} {:>7} {:>7} {:>8} {:>7.1}s  {}",
            tier.name,
            tier.passed,
            tier.failed,
            tier.skipped_total(),
            tier.took.as_secs_f64(),
            tier.reasons()
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let sum = |count: fn(&Tier) -> usize| tiers.iter().map(count).sum::<usize>();
    let _ = writeln!(
        text,
        "\n{} passed, {} failed, {} skipped",
        sum(|tier| tier.passed),
        sum(|tier| tier.failed),
        sum(Tier::skipped_total)
    );
    text
}

fn failures(tiers: &[Tier]) -> String {
    let mut lines = tiers.iter().flat_map(|tier| &tier.failures).peekable();
    let mut text = String::new();
    if lines.peek().is_some() {
        text.push_str("\nfailed:\n");
    }
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_is_never_passed_and_the_last_line_is_plain() {
        let mut unit = Tier::new("unit");
        let report = crate::test::libtest::parse(
            "test a ... ignored, vm: needs root\ntest result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out\n",
        );
        unit.add("mountscan", &report, Duration::from_millis(100));
        let mut vm = Tier::new("vm");
        vm.skip("left out by --no-vm", 7);
        let text = render(&[unit, vm]);
        assert_eq!(text.lines().last(), Some("3 passed, 0 failed, 9 skipped"));
        assert!(text.contains("1 × vm: needs root"), "{text}");
        assert!(text.contains("1 × ignored"), "{text}");
        assert!(text.contains("7 × left out by --no-vm"), "{text}");
    }

    #[test]
    fn what_said_that_it_did_not_run_is_skipped_with_its_reason() {
        let mut report = crate::test::libtest::parse(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        let text = "skipped\ta\tneeds root\nin part\tb\tno btrfs\n";
        report.leave_out(&support::skip::parse(text));
        let mut unit = Tier::new("unit");
        unit.add("rootmount", &report, Duration::ZERO);
        let text = render(&[unit]);
        assert_eq!(text.lines().last(), Some("2 passed, 0 failed, 1 skipped"));
        assert!(
            text.contains("1 × needs root; 1 in part: no btrfs"),
            "{text}"
        );
    }

    #[test]
    fn tests_that_wait_for_a_vm_change_hands() {
        let mut unit = Tier::new("unit");
        unit.skip("vm: needs root", 3);
        unit.skip("#12", 1);
        let waiting = unit.take_vm_tests();
        assert_eq!((waiting, unit.skipped_total()), (3, 1));
        let mut vm = Tier::new("vm");
        vm.add_lane(vm::Outcome {
            passed: 2,
            skipped: vec!["crun is old".to_owned()],
            ..vm::Outcome::default()
        });
        assert_eq!((vm.passed, vm.failed, vm.skipped_total()), (2, 0, 1));
    }

    #[test]
    fn failures_are_named() {
        let mut tier = Tier::new("doc");
        tier.fail("rootmount: did not build".to_owned());
        let text = render(&[tier]);
        assert!(text.contains("rootmount: did not build"));
        assert!(text.ends_with("\n0 passed, 1 failed, 0 skipped\n"));
    }
}
