//! What containers of real runtimes did with `rro` and `ro`. Data.

/// What a mount option does to a mount and to those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// All of them are read-only.
    Recursive,
    /// This mount alone is read-only.
    Alone,
    /// The option is passed over: all of them are writable.
    Writable,
    /// The container does not start.
    Refused,
}

/// One runtime that was tried.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) runtime: &'static str,
    /// The version as it was tried.
    pub(super) version: &'static str,
    /// Whether its features document lists `rro`; `None` if it has no features command.
    pub(super) lists: Option<bool>,
    pub(super) given_rro: Deed,
    pub(super) given_ro: Deed,
}

/// What was seen, by runtime and then by age.
pub(super) const FACTS: [Fact; 9] = [
    usual("runc", "1.1.5", Some(true)),
    usual("runc", "1.1.15", Some(true)),
    usual("runc", "1.3.6", Some(true)),
    usual("crun", "1.8.1", None),
    usual("crun", "1.21", Some(true)),
    usual("crun", "1.28", Some(true)),
    usual("youki", "0.7.0", Some(false)),
    Fact {
        given_rro: Deed::Refused,
        given_ro: Deed::Recursive,
        ..usual("runsc", "20221219", None)
    },
    Fact {
        given_rro: Deed::Writable,
        given_ro: Deed::Recursive,
        ..usual("runsc", "20240729", None)
    },
];

/// A runtime that does what the words mean.
const fn usual(runtime: &'static str, version: &'static str, lists: Option<bool>) -> Fact {
    Fact {
        runtime,
        version,
        lists,
        given_rro: Deed::Recursive,
        given_ro: Deed::Alone,
    }
}

/// The facts about a runtime, by age.
pub(super) fn of(runtime: &str) -> impl Iterator<Item = &'static Fact> {
    FACTS.iter().filter(move |fact| fact.runtime == runtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(deed: Deed) -> &'static str {
        match deed {
            Deed::Recursive => "recursive",
            Deed::Alone => "this mount alone",
            Deed::Writable => "writable",
            Deed::Refused => "refused",
        }
    }

    #[test]
    fn the_page_shows_the_facts() {
        let mut rows = include_str!("rro.md").lines().skip(2);
        for fact in &FACTS {
            let lists = match fact.lists {
                Some(true) => "yes",
                Some(false) => "no",
                None => "no command",
            };
            let (rro, ro) = (word(fact.given_rro), word(fact.given_ro));
            let (name, version) = (fact.runtime, fact.version);
            let begin = format!("| {name} | {version} | {lists} | {rro} | {ro} | ");
            // The last cell is the scenario of `cargo xtask daemons` that shows it.
            let row = rows.next().unwrap();
            assert!(row.starts_with(&begin), "{row}, not {begin}");
        }
        assert_eq!(rows.next(), None);
    }
}
