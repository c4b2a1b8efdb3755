//! Says which mounts live on after a clean-up detached them lazily.

use std::path::Path;

use daemon_host::rootmount::{CleanupReport, MountLife, StepReport};

use crate::output::{Ink, count, paint};

/// A line about the mounts that live on, or may live on, and how to ask again. No line if all
/// of them have ended.
pub(crate) fn still_alive(report: &CleanupReport) -> String {
    let steps = report.steps().iter().filter_map(StepReport::life);
    let lives: Vec<MountLife> = steps.chain(report.root_life()).collect();
    let unknown = lives.iter().filter(|&&life| life == MountLife::Unknown);
    let unknown = unknown.count();
    let gone = lives.iter().filter(|&&life| life == MountLife::Gone);
    in_words(
        lives.len() - unknown - gone.count(),
        unknown,
        report.root_path(),
    )
}

fn in_words(alive: usize, unknown: usize, root: &Path) -> String {
    let of_those = |n: usize| count(n, "detached mount", "detached mounts");
    let what = match (alive, unknown) {
        (0, 0) => return String::new(),
        (0, n) => format!("whether {} ended cannot be told", of_those(n)),
        (n, 0) => format!("{} still in use", is_or_are(n, &of_those(n))),
        (n, more) => format!(
            "{} still in use, and of {more} more it cannot be told",
            is_or_are(n, &of_those(n))
        ),
    };
    // Whoever asks is about to remove the data, so the answer is about the whole directory.
    let ask = format!("daemon-host mounts safe-to-remove {}", root.display());
    format!(
        "{}\n",
        paint(Ink::Warn, format!("{what}; ask again by: {ask}"))
    )
}

fn is_or_are(n: usize, what: &str) -> String {
    let verb = if n == 1 { "is" } else { "are" };
    format!("{what} {verb}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said_and_never_taken_for_the_end() {
        let said = |alive, unknown| in_words(alive, unknown, Path::new("/r"));
        assert_eq!(said(0, 0), "");
        assert!(said(0, 1).contains("whether 1 detached mount ended cannot be told"));
        assert!(said(2, 0).contains("2 detached mounts are still in use; ask"));
        assert!(said(1, 3).contains("1 detached mount is still in use, and of 3 more"));
        assert!(said(1, 0).contains("mounts safe-to-remove /r"));
    }
}
