//! `xtask/vm/packages.lock`: which packages the matrix runs on: kernels, runtimes.

use super::series::{self, Series};
use crate::apt::Stanza;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) pins: Vec<Pin>,
}

/// The packages of one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    pub(crate) series: String,
    pub(crate) suite: String,
    pub(crate) packages: Vec<Package>,
}

/// One package, down to its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
    pub(crate) size: u64,
}

impl Lock {
    /// Reads the file in the repository.
    pub(crate) fn load() -> Result<Self> {
        let path = path();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{}: mend it, or write it anew with `cargo xtask vm update`",
                path.display()
            )
        })
    }

    /// Writes it.
    pub(crate) fn store(&self) -> Result<()> {
        let path = path();
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// The pin of a series.
    pub(crate) fn pin(&self, series: Series) -> Option<&Pin> {
        self.pins.iter().find(|pin| pin.series == series.name)
    }

    /// Replaces the pin of a series.
    pub(crate) fn set(&mut self, pin: Pin) {
        match self.pins.iter_mut().find(|old| old.series == pin.series) {
            Some(old) => *old = pin,
            None => self.pins.push(pin),
        }
    }
}

impl Pin {
    /// A pin on what an index has.
    pub(crate) fn new(series: Series, stanzas: &[Stanza]) -> Self {
        let package = |stanza: &Stanza| Package {
            name: stanza.package.clone(),
            version: stanza.version.clone(),
            sha256: stanza.sha256.clone(),
            size: stanza.size,
        };
        Self {
            series: series.name.to_owned(),
            suite: series.suite.to_owned(),
            packages: stanzas.iter().map(package).collect(),
        }
    }

    /// Whether the index still has all of it, byte for byte.
    pub(crate) fn is_in(&self, index: &[Stanza]) -> bool {
        self.packages.iter().all(|package| {
            index.iter().any(|stanza| {
                stanza.package == package.name
                    && stanza.version == package.version
                    && stanza.sha256 == package.sha256
            })
        })
    }

    /// What it is, in words: a kernel's version, those of the runtimes.
    pub(crate) fn title(&self) -> String {
        let runtimes = self
            .packages
            .iter()
            .filter(|package| series::runtime_packages().contains(&package.name.as_str()));
        let titles: Vec<String> = runtimes
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        match self.packages.first() {
            Some(kernel) if titles.is_empty() => kernel.version.clone(),
            _ => titles.join(", "),
        }
    }

    /// The version of one package.
    pub(crate) fn version_of(&self, name: &str) -> &str {
        let package = self.packages.iter().find(|package| package.name == name);
        package.map_or("?", |package| package.version.as_str())
    }

    /// Bytes to fetch.
    pub(crate) fn size(&self) -> u64 {
        self.packages.iter().map(|package| package.size).sum()
    }
}

fn path() -> PathBuf {
    crate::cargo::root().join("xtask/vm/packages.lock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::source::series::{MATRIX, SUITES};

    #[test]
    fn the_file_pins_every_series_to_its_bytes() {
        let lock = Lock::load().unwrap();
        for series in MATRIX.iter().chain(SUITES) {
            let pin = lock
                .pin(*series)
                .unwrap_or_else(|| panic!("{} is not pinned", series.name));
            assert_eq!(pin.suite, series.suite);
            assert!(!pin.packages.is_empty());
            assert!(
                pin.packages
                    .iter()
                    .all(|package| package.sha256.len() == 64)
            );
        }
    }

    #[test]
    fn a_pin_is_gone_when_any_byte_of_it_is() {
        let stanza = Stanza {
            package: "a".into(),
            version: "1".into(),
            sha256: "00".into(),
            ..Stanza::default()
        };
        let pin = Pin::new(MATRIX[0], std::slice::from_ref(&stanza));
        assert!(pin.is_in(std::slice::from_ref(&stanza)));
        assert!(!pin.is_in(&[Stanza {
            version: "2".into(),
            ..stanza.clone()
        }]));
        assert!(!pin.is_in(&[Stanza {
            sha256: "11".into(),
            ..stanza
        }]));
        assert!(!pin.is_in(&[]));
    }

    #[test]
    fn setting_a_pin_replaces_the_old_one() {
        let mut lock = Lock::default();
        let pin = |version: &str| {
            let stanza = Stanza {
                version: version.into(),
                ..Stanza::default()
            };
            Pin::new(MATRIX[0], &[stanza])
        };
        lock.set(pin("1"));
        lock.set(pin("2"));
        assert_eq!(lock.pins.len(), 1);
        assert_eq!(lock.pin(MATRIX[0]).unwrap().title(), "2");
    }
}
