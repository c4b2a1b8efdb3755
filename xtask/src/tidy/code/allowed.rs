//! `xtask/tidy.allow`: what may break a bound, each with its reason.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;

use crate::cargo;
use crate::tidy::mask::is_word;

/// `xtask/tidy.allow`: a place, then the reason it may be larger.
pub(in crate::tidy) struct Allowed {
    entries: BTreeMap<String, bool>,
}

impl Allowed {
    pub(in crate::tidy) fn load() -> anyhow::Result<Allowed> {
        let path = cargo::root().join("xtask/tidy.allow");
        let text = fs::read_to_string(path).context("xtask/tidy.allow")?;
        Allowed::parse(&text)
    }

    pub(in crate::tidy) fn parse(text: &str) -> anyhow::Result<Allowed> {
        let mut entries = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (place, reason) = line.split_once(' ').unwrap_or((line, ""));
            anyhow::ensure!(
                reason.trim().bytes().filter(|byte| is_word(*byte)).count() >= 8,
                "xtask/tidy.allow: `{place}` gives no reason"
            );
            entries.insert(place.to_owned(), false);
        }
        Ok(Allowed { entries })
    }

    pub(in crate::tidy) fn takes(&mut self, place: &str) -> bool {
        match self.entries.get_mut(place) {
            Some(used) => {
                *used = true;
                true
            }
            None => false,
        }
    }

    pub(in crate::tidy) fn unused(&self) -> impl Iterator<Item = &String> {
        self.entries
            .iter()
            .filter(|(_, used)| !**used)
            .map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_needs_a_reason_and_a_use() {
        assert!(Allowed::parse("a.rs#b\n").is_err());
        let mut allowed = Allowed::parse("# why\na.rs#b one table, read as a whole\n").unwrap();
        assert_eq!(allowed.unused().count(), 1);
        assert!(allowed.takes("a.rs#b"));
        assert!(!allowed.takes("a.rs#c"));
        assert_eq!(allowed.unused().count(), 0);
    }
}
