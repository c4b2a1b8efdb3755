//! Where the results go: terminal, files, and the counts of `cargo xtask test`.

use super::console;
use super::kernel_report::KernelReport;
use super::report;
use super::verdict::Outcome as TestOutcome;
use crate::vm::image::payload::Test;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// What the lane found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that did not run, each with its reason; never counted as passed.
    pub(crate) skipped: Vec<String>,
    /// Failures, by test and kernel.
    pub(crate) failures: Vec<String>,
    /// One line on how it ran.
    pub(crate) note: String,
}

/// Prints the matrix, stores it for machines, keeps the consoles of failures.
pub(crate) fn publish(tests: &[Test], reports: &[KernelReport], accel: &str) -> Result<Outcome> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::cargo::root().join("target"), PathBuf::from);
    let place = target.join("vm");
    std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    let store = |name: &str, text: &str| {
        let path = place.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    };
    store(
        "results.json",
        &format!("{:#}\n", report::json(tests, reports)),
    )?;
    store("junit.xml", &report::junit(tests, reports))?;
    println!("\n{}", report::table(tests, reports));
    print!("{}", report::findings(tests, reports));
    for kernel in reports
        .iter()
        .filter(|kernel| kernel.is_failure() && !kernel.console.is_empty())
    {
        let name = format!("console-{}.log", kernel.title);
        store(&name, &kernel.console)?;
        println!(
            "\n{}: console in {}, which ends:",
            kernel.title,
            place.join(&name).display()
        );
        println!("{}", console::tail(&kernel.console, 15));
    }
    Ok(count(tests, reports, accel))
}

fn count(tests: &[Test], reports: &[KernelReport], accel: &str) -> Outcome {
    let mut outcome = Outcome {
        note: format!(
            "kernels: {}, under {accel}; tests on each: {}",
            reports.len(),
            tests.len()
        ),
        ..Outcome::default()
    };
    for kernel in reports {
        for (test, result) in tests.iter().zip(&kernel.results) {
            let name = format!("{} on {}", test.label, kernel.title);
            match &result.outcome {
                TestOutcome::Passed => outcome.passed += 1,
                TestOutcome::Skipped(why) => outcome.skipped.push(format!("{name}: {why}")),
                TestOutcome::NotRun => outcome.skipped.push(format!("{name}: not run")),
                failure => outcome
                    .failures
                    .push(format!("{name}: {}", report::reason(failure))),
            }
        }
        let troubles = kernel.unexplained();
        outcome
            .failures
            .extend(troubles.map(|trouble| format!("{}: {trouble}", kernel.title)));
    }
    outcome.failed = outcome.failures.len();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_died_between_tests_is_a_failure() {
        let reports = [KernelReport::not_run("6.1", 0, Some("panic".into()))];
        let outcome = count(&[], &reports, "Tcg");
        assert_eq!((outcome.passed, outcome.failed), (0, 1));
    }
}
