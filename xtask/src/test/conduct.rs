//! Runs one harness, counts it and prints its line.

use std::time::Duration;

use super::harness::{Conduct, Harness, Run};
use super::libtest::{self, Report};
use super::summary::Tier;

/// A harness that takes longer hangs.
pub(super) const DEADLINE: Duration = Duration::from_secs(600);

/// Counts what one harness says; prints all of it if something failed.
pub(super) fn run_harness(
    tier: &mut Tier,
    harness: &Harness,
    conduct: Conduct<'_>,
) -> anyhow::Result<()> {
    let run = harness.run(conduct)?;
    let mut report = libtest::parse(&run.output);
    report.leave_out(&run.skips);
    let label = harness.label();
    let healthy = judge(tier, &label, &run, &report);
    print_line(tier.name, &label, &report, run.took, healthy);
    if !healthy {
        println!("{}", run.output.trim_end());
    }
    Ok(())
}

/// Counts one run; true when nothing in it failed.
pub(super) fn judge(tier: &mut Tier, label: &str, run: &Run, report: &Report) -> bool {
    tier.add(label, report, run.took);
    let wrong = match run.status {
        None => Some(format!(
            "{label}: still running after {} s",
            DEADLINE.as_secs()
        )),
        Some(status) if report.closings == 0 => Some(format!("{label}: no verdict ({status})")),
        Some(status) if !status.success() && report.failed == 0 => Some(format!(
            "{label}: ended with {status} though no test failed"
        )),
        Some(_) => None,
    };
    let healthy = wrong.is_none() && report.failed == 0;
    if let Some(wrong) = wrong {
        tier.fail(wrong);
    }
    healthy
}

pub(super) fn print_line(tier: &str, label: &str, report: &Report, took: Duration, healthy: bool) {
    let tests = report.passed + report.ignored + report.skipped.len();
    if healthy && tests == 0 {
        return;
    }
    let verdict = if healthy { "ok" } else { "FAILED" };
    let count = |count: usize, word: &str| match count {
        0 => String::new(),
        count => format!(", {count} {word}"),
    };
    let ignored = count(report.ignored, "ignored");
    let skipped = count(report.skipped.values().sum(), "skipped");
    println!(
        "{tier:<12} {label:<32} {verdict:<6} {:>4} passed{skipped}{ignored}  {:.1}s",
        report.passed,
        took.as_secs_f64()
    );
}
