//! The matrix: for people, as JSON, as JUnit XML.

use super::kernel_report::KernelReport;
use super::verdict::Outcome;
use crate::vm::image::payload::Test;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One row per test, one column per kernel.
pub(crate) fn table(tests: &[Test], kernels: &[KernelReport]) -> String {
    let longest = tests.iter().map(|test| test.label.len()).max();
    let width = longest.unwrap_or(0).max("skipped or not run".len());
    let mut text = format!("{:width$}", "test");
    for kernel in kernels {
        let _ = write!(text, "  {:>7}", kernel.title);
    }
    text.push('\n');
    for (index, test) in tests.iter().enumerate() {
        let _ = write!(text, "{:width$}", test.label);
        for kernel in kernels {
            let _ = write!(text, "  {:>7}", cell(&kernel.results[index].outcome));
        }
        text.push('\n');
    }
    for (name, value) in footer(kernels) {
        let _ = write!(text, "{name:width$}");
        for value in value {
            let _ = write!(text, "  {value:>7}");
        }
        text.push('\n');
    }
    text
}

fn footer(kernels: &[KernelReport]) -> Vec<(&'static str, Vec<String>)> {
    let count = |wanted: fn(&Outcome) -> bool| {
        kernels
            .iter()
            .map(|kernel| {
                kernel
                    .results
                    .iter()
                    .filter(|result| wanted(&result.outcome))
                    .count()
                    .to_string()
            })
            .collect()
    };
    vec![
        ("passed", count(|outcome| *outcome == Outcome::Passed)),
        ("failed", count(Outcome::is_failure)),
        (
            "skipped or not run",
            count(|outcome| matches!(outcome, Outcome::Skipped(_) | Outcome::NotRun)),
        ),
        (
            "boot, s",
            kernels
                .iter()
                .map(|kernel| format!("{:.1}", kernel.boot.as_secs_f32()))
                .collect(),
        ),
        (
            "all, s",
            kernels
                .iter()
                .map(|kernel| format!("{:.1}", kernel.took.as_secs_f32()))
                .collect(),
        ),
    ]
}

fn cell(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Failed(_) => "FAILED",
        Outcome::Skipped(_) => "skipped",
        Outcome::TimedOut => "LATE",
        Outcome::Died(_) => "DIED",
        Outcome::NotRun => "-",
    }
}

/// Each failure with its reason and what the test wrote; each skip with its reason.
pub(crate) fn findings(tests: &[Test], kernels: &[KernelReport]) -> String {
    let mut text = String::new();
    for kernel in kernels {
        for (test, result) in tests.iter().zip(&kernel.results) {
            let name = format!("{} on {}", test.label, kernel.title);
            match &result.outcome {
                Outcome::Skipped(why) => {
                    let _ = writeln!(text, "skipped: {name}: {why}");
                }
                outcome if outcome.is_failure() => {
                    let _ = writeln!(
                        text,
                        "\n---- {name}: {}\n{}",
                        reason(outcome),
                        indent(&result.output)
                    );
                }
                _ => {}
            }
        }
        for trouble in kernel.unexplained() {
            let _ = writeln!(text, "\n{}: {trouble}", kernel.title);
        }
    }
    text
}

pub(crate) fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed(why) => why.clone(),
        Outcome::Died(why) => format!("the machine died: {why}"),
        Outcome::Skipped(why) => why.clone(),
        Outcome::TimedOut => "time limit".to_owned(),
        Outcome::Passed => String::new(),
        Outcome::NotRun => "not run".to_owned(),
    }
}

fn indent(output: &[u8]) -> String {
    String::from_utf8_lossy(output)
        .lines()
        .fold(String::new(), |text, line| text + "    " + line + "\n")
}

/// Everything, for machines.
pub(crate) fn json(tests: &[Test], kernels: &[KernelReport]) -> Value {
    let kernel = |kernel: &KernelReport| {
        let results = tests.iter().zip(&kernel.results).map(|(test, result)| {
            json!({
                "test": test.label,
                "outcome": word(&result.outcome),
                "reason": reason(&result.outcome),
                "ms": result.took.as_millis() as u64,
            })
        });
        json!({
            "kernel": kernel.title,
            "release": kernel.release,
            "boot_ms": kernel.boot.as_millis() as u64,
            "ms": kernel.took.as_millis() as u64,
            "troubles": kernel.troubles,
            "results": results.collect::<Vec<_>>(),
        })
    };
    json!({ "kernels": kernels.iter().map(kernel).collect::<Vec<_>>() })
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "failed",
        Outcome::Skipped(_) => "skipped",
        Outcome::TimedOut => "timed-out",
        Outcome::Died(_) => "died",
        Outcome::NotRun => "not-run",
    }
}

/// JUnit's XML: one suite per kernel.
pub(crate) fn junit(tests: &[Test], kernels: &[KernelReport]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for kernel in kernels {
        let count = |wanted: fn(&Outcome) -> bool| {
            kernel.results.iter().filter(|r| wanted(&r.outcome)).count()
        };
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            escape(&kernel.title),
            tests.len(),
            count(Outcome::is_failure),
            count(|outcome| matches!(outcome, Outcome::Skipped(_) | Outcome::NotRun)),
            kernel.took.as_secs_f32()
        );
        for (test, result) in tests.iter().zip(&kernel.results) {
            let (class, name) = test.label.split_once("::").unwrap_or(("", &test.label));
            let time = result.took.as_secs_f32();
            let head = format!(
                "classname=\"{}\" name=\"{}\" time=\"{time:.3}\"",
                escape(class),
                escape(name)
            );
            let why = escape(&reason(&result.outcome));
            let output = escape(&String::from_utf8_lossy(&result.output));
            let body = match &result.outcome {
                Outcome::Passed if output.is_empty() => String::new(),
                Outcome::Passed => format!("<system-out>{output}</system-out>"),
                Outcome::Skipped(_) | Outcome::NotRun => format!("<skipped message=\"{why}\"/>"),
                _ => format!("<failure message=\"{why}\">{output}</failure>"),
            };
            let _ = writeln!(text, "    <testcase {head}>{body}</testcase>");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// XML 1.0 has no way to write most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::say::verdict::TestResult;
    use std::time::Duration;
    use support::plan::Item;

    fn scene() -> (Vec<Test>, Vec<KernelReport>) {
        let test = |label: &str| Test {
            label: label.into(),
            item: Item {
                binary: String::new(),
                test: String::new(),
                limit: Duration::ZERO,
                env: Vec::new(),
            },
        };
        let tests = vec![
            test("mountscan::rows"),
            test("rroprobe::no"),
            test("ifaddrs::x"),
        ];
        let mut kernel = KernelReport::not_run("5.10", 3, None);
        let result = |outcome| TestResult {
            outcome,
            took: Duration::from_millis(1500),
            output: b"a <b>\x1b\n".to_vec(),
        };
        kernel.results[0] = result(Outcome::Passed);
        kernel.results[1] = result(Outcome::Failed("exit status 101".into()));
        kernel.results[2] = result(Outcome::Skipped("no tun".into()));
        (
            tests,
            vec![kernel, KernelReport::not_run("6.1", 3, Some("hung".into()))],
        )
    }

    #[test]
    fn the_table_lines_up_and_never_counts_a_skip_as_passed() {
        let (tests, kernels) = scene();
        let table = table(&tests, &kernels);
        let lengths: Vec<usize> = table.lines().map(str::len).collect();
        assert!(
            lengths.iter().all(|length| *length == lengths[0]),
            "{table}"
        );
        let row = |name: &str| {
            table
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap()
                .to_owned()
        };
        let cells = |name: &str| {
            row(name)
                .split_whitespace()
                .rev()
                .take(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(cells("passed"), ["0", "1"]);
        assert_eq!(cells("failed"), ["0", "1"]);
        assert_eq!(cells("skipped"), ["3", "1"]);
        assert_eq!(cells("rroprobe::no"), ["-", "FAILED"]);
    }

    #[test]
    fn findings_give_reason_and_output() {
        let (tests, kernels) = scene();
        let text = findings(&tests, &kernels);
        assert!(
            text.contains("rroprobe::no on 5.10: exit status 101\n    a <b>"),
            "{text}"
        );
        assert!(
            text.contains("skipped: ifaddrs::x on 5.10: no tun"),
            "{text}"
        );
        assert!(text.contains("6.1: hung"), "{text}");
    }

    #[test]
    fn machines_read_the_same() {
        let (tests, kernels) = scene();
        let value = json(&tests, &kernels);
        assert_eq!(value["kernels"][0]["results"][1]["outcome"], "failed");
        assert_eq!(value["kernels"][1]["results"][1]["outcome"], "not-run");
        let xml = junit(&tests, &kernels);
        assert!(
            xml.contains("name=\"5.10\" tests=\"3\" failures=\"1\" skipped=\"1\""),
            "{xml}"
        );
        assert!(
            xml.contains("<failure message=\"exit status 101\">a &lt;b&gt;\u{fffd}\n</failure>"),
            "{xml}"
        );
        assert!(!xml.contains('\x1b'));
    }
}
