//! Reads what a libtest harness prints. Its closing line is the truth for
//! the counts; the lines before them only give names and reasons.

use std::collections::{BTreeMap, BTreeSet};

use support::skip::Skip;

/// What one or more harness runs said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    /// Closing lines seen: a harness that died printed none.
    pub(crate) closings: usize,
    /// Why tests were ignored, and how many for each reason.
    pub(crate) reasons: BTreeMap<String, usize>,
    pub(crate) failures: Vec<String>,
    /// Tests that libtest counts as passed and that did not run: how many for each reason.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Passed, but a part was left out.
    pub(crate) in_part: BTreeMap<String, usize>,
}

/// Parses what one harness wrote. A test may run a harness of its own, whose
/// lines then stand among these: the outer closing line comes last.
pub(crate) fn parse(output: &str) -> Report {
    let mut report = Report::default();
    let closing = output
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("test result: "));
    if let Some(closing) = closing {
        report.add_closing(closing);
    }
    // After this line libtest repeats what failed, with its output.
    let verdicts = output.lines().take_while(|line| *line != "failures:");
    for line in verdicts {
        if let Some(test) = line.strip_prefix("test ") {
            report.add_test(test);
        }
    }
    report
}

/// Parses what several harnesses wrote one after the other.
pub(crate) fn parse_all(output: &str) -> Report {
    let mut all = Report::default();
    let mut rest = output;
    while let Some(at) = rest.find("test result: ") {
        let end = rest[at..]
            .find('\n')
            .map_or(rest.len(), |line| at + line + 1);
        all.add(parse(&rest[..end]));
        rest = &rest[end..];
    }
    all
}

impl Report {
    fn add(&mut self, other: Report) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.closings += other.closings;
        self.failures.extend(other.failures);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }

    /// Takes the tests that say they did not run out of those that passed.
    pub(crate) fn leave_out(&mut self, skips: &[Skip]) {
        let mut tests = BTreeSet::new();
        for skip in skips.iter().filter(|skip| skip.whole) {
            let passed = !self.failures.contains(&skip.test);
            if passed && tests.insert(&skip.test) {
                *self.skipped.entry(skip.reason.clone()).or_default() += 1;
            }
        }
        self.passed = self.passed.saturating_sub(tests.len());
        for skip in skips.iter().filter(|skip| !skip.whole) {
            if !self.failures.contains(&skip.test) && tests.insert(&skip.test) {
                *self.in_part.entry(skip.reason.clone()).or_default() += 1;
            }
        }
    }

    fn add_closing(&mut self, closing: &str) {
        let counts = closing.split_once(". ").map_or("", |(_, counts)| counts);
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let count = words.next().and_then(|word| word.parse::<usize>().ok());
            match (count, words.next()) {
                (Some(count), Some("passed")) => self.passed += count,
                (Some(count), Some("failed")) => self.failed += count,
                (Some(count), Some("ignored")) => self.ignored += count,
                _ => {}
            }
        }
        self.closings += 1;
    }

    fn add_test(&mut self, line: &str) {
        let Some((name, outcome)) = line.rsplit_once(" ... ") else {
            return;
        };
        if outcome.starts_with("FAILED") {
            self.failures.push(name.to_owned());
        } else if let Some(rest) = outcome.strip_prefix("ignored") {
            let reason = rest.strip_prefix(", ").unwrap_or("no reason given");
            *self.reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "
running 4 tests
test a::good ... ok
test a::bad ... FAILED
test b ... ignored, vm: needs root
test c ... ignored

failures:
    a::bad

test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.00s
";

    #[test]
    fn closing_lines_count_and_test_lines_explain() {
        let report = parse(RUN);
        assert_eq!((report.passed, report.failed, report.ignored), (1, 1, 2));
        assert_eq!(report.closings, 1);
        assert_eq!(report.failures, ["a::bad"]);
        assert_eq!(report.reasons["vm: needs root"], 1);
        assert_eq!(report.reasons["no reason given"], 1);
    }

    #[test]
    fn several_harnesses_add_up() {
        let report = parse_all(&format!("{RUN}{RUN}"));
        assert_eq!((report.passed, report.failed, report.ignored), (2, 2, 4));
        assert_eq!(report.closings, 2);
    }

    #[test]
    fn a_harness_inside_a_test_does_not_count() {
        let inner = "running 1 test\ntest inner ... FAILED\n\nfailures:\n    inner\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let output = format!(
            "running 2 tests\ntest a ... FAILED\ntest b ... ok\n\nfailures:\n\n---- a stdout ----\n{inner}\nfailures:\n    a\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n"
        );
        let report = parse(&output);
        assert_eq!((report.passed, report.failed), (1, 1));
        assert_eq!(report.failures, ["a"]);
    }

    #[test]
    fn a_test_that_did_not_run_has_not_passed() {
        let text = "skipped\ta\tno root\nskipped\ta\tno root either\nskipped\td\tno root\n\
                    in part\tb\tno btrfs\nin part\ta\tno btrfs\nskipped\tbad\tno root\n";
        let mut report = Report {
            passed: 5,
            failures: vec!["bad".to_owned()],
            ..Report::default()
        };
        report.leave_out(&support::skip::parse(text));
        assert_eq!(report.passed, 3, "a and d did not run");
        assert_eq!(report.skipped, BTreeMap::from([("no root".to_owned(), 2)]));
        assert_eq!(report.in_part, BTreeMap::from([("no btrfs".to_owned(), 1)]));
    }

    #[test]
    fn a_harness_that_dies_has_no_closing_line() {
        let report = parse("running 2 tests\ntest a ... ok\n");
        assert_eq!(report.closings, 0);
        assert_eq!(report.passed, 0, "only a closing line counts");
    }

    #[test]
    fn a_passing_test_may_print_the_word_failed() {
        let report = parse(
            "test x ... FAILED to open\nok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n",
        );
        assert_eq!((report.passed, report.failed), (1, 0));
    }
}
