//! The table of what runtimes do with `rro`, as the documentation of `runtimes` shows it.

use anyhow::{Context, Result, ensure};

const PAGE: &str = include_str!("../../../../crates/runtimes/src/features/rro/rro.md");

/// What a container saw of a mount and of one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Recursive,
    Alone,
    Writable,
    Refused,
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Recursive => "recursive",
            Self::Alone => "this mount alone",
            Self::Writable => "writable",
            Self::Refused => "refused",
        }
    }
}

/// What was found out about a runtime.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// `yes`, `no`, or `no command`.
    pub(super) lists: &'static str,
    pub(super) given_rro: Deed,
    pub(super) given_ro: Deed,
}

impl Found {
    /// Compares it with the row of this version; without one, with the last row of the runtime,
    /// and says that it has none of its own.
    pub(super) fn compare(&self, runtime: &str, version: &str) -> Result<Option<String>> {
        let rows: Vec<[&str; 6]> = rows().filter(|row| row[0] == runtime).collect();
        let own = rows.iter().find(|row| row[1] == version);
        let last = rows
            .last()
            .with_context(|| format!("no row of {runtime}"))?;
        let row = own.unwrap_or(last);
        let seen = [self.lists, self.given_rro.word(), self.given_ro.word()];
        ensure!(
            row[2..5] == seen,
            "{runtime} {version} does {seen:?}, the row of {} says {:?}",
            row[1],
            &row[2..5]
        );
        Ok(own
            .is_none()
            .then(|| format!("{runtime} {version} has no row of its own")))
    }
}

/// The rows of the table, cell by cell.
fn rows() -> impl Iterator<Item = [&'static str; 6]> {
    PAGE.lines().skip(2).filter_map(|line| {
        let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|');
        let cells: Vec<&str> = cells.map(str::trim).collect();
        cells.try_into().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemons::runtimes::{on_request, scenarios};

    #[test]
    fn each_row_names_the_run_that_shows_it() {
        let runs: Vec<String> = scenarios().chain([on_request()]).collect();
        for row in rows() {
            assert!(runs.iter().any(|run| run == row[5]), "{row:?}");
        }
        assert_eq!(rows().count(), PAGE.lines().count() - 2);
    }

    #[test]
    fn what_differs_from_its_row_is_an_error() {
        let found = |lists, given_rro| Found {
            lists,
            given_rro,
            given_ro: Deed::Recursive,
        };
        let row = found("no command", Deed::Writable);
        assert_eq!(row.compare("runsc", "20240729").unwrap(), None);
        assert!(row.compare("runsc", "29990101").unwrap().is_some());
        assert!(row.compare("runsc", "20221219").is_err());
        assert!(
            found("yes", Deed::Writable)
                .compare("runsc", "20240729")
                .is_err()
        );
        assert!(row.compare("other", "1").is_err());
    }
}
