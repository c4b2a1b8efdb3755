//! From a series to its bundle: the cache, else apt.

use super::cache;
use super::kernel_parts;
use super::lock::{Lock, Pin};
use super::runtimes;
use super::series::{self, Kind, Series};
use crate::apt::{Apt, Mirrors, Stanza};
use crate::arch::AMD64;
use crate::deb;
use crate::vm::image::bundle::Bundle;
use crate::vm::say::ui::Ui;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// How to fetch.
pub(crate) struct Fetch<'a> {
    pub(crate) cache: &'a Path,
    pub(crate) lock: &'a Lock,
    pub(crate) source: Source<'a>,
    /// A vanished pin is an error.
    pub(crate) locked: bool,
    pub(crate) ui: &'a Ui,
}

/// Where from.
pub(crate) struct Source<'a> {
    /// `--mirror`.
    pub(crate) mirror: Option<&'a str>,
    /// Suites whose index may be out of date.
    pub(crate) allow_expired: &'a [String],
}

impl Fetch<'_> {
    /// A kernel, or the runtimes of a suite.
    pub(crate) fn bundle(&self, series: Series) -> Result<Bundle> {
        let pin = self.lock.pin(series);
        if let Some(pin) = pin {
            if let Some(bundle) = self.cached(pin)? {
                return Ok(bundle);
            }
        }
        if let Some(bundle) = pin
            .filter(|_| !self.locked)
            .and_then(|pin| self.floated(pin))
        {
            return Ok(bundle);
        }
        self.fetch(series, pin).with_context(|| {
            format!(
                "{}: not in the cache, and cannot be fetched",
                series.title()
            )
        })
    }

    /// Where bundles lie in the cache.
    pub(crate) fn place(&self) -> PathBuf {
        self.cache.join("bundles")
    }

    fn cached(&self, pin: &Pin) -> Result<Option<Bundle>> {
        match Bundle::open(&self.place().join(cache::key(pin))) {
            Ok(bundle) => Ok(bundle),
            Err(error) => {
                self.ui.warn(&format!("{error:#}; fetching it again"));
                Ok(None)
            }
        }
    }

    /// A run of the last days found the pin gone and took another one.
    fn floated(&self, pin: &Pin) -> Option<Bundle> {
        let text = std::fs::read_to_string(self.note(pin)).ok()?;
        let other: Pin = serde_json::from_str(&text).ok()?;
        let bundle = self.cached(&other).ok()??;
        self.ui.warn(&stale(pin, &other));
        Some(bundle)
    }

    fn note(&self, pin: &Pin) -> PathBuf {
        self.place().join(format!("{}.instead", cache::key(pin)))
    }

    fn fetch(&self, series: Series, pin: Option<&Pin>) -> Result<Bundle> {
        let (name, suite) = (series.name, series.suite);
        self.ui
            .note(&format!("{name}: reading the index of {suite}"));
        let apt = self.source.open(self.cache, series)?;
        let index = apt.all()?;
        let chosen = match pin {
            Some(pin) if pin.is_in(&index) => pin.clone(),
            Some(pin) => {
                let other = newest(series, &apt, &index)?;
                if self.locked {
                    bail!(
                        "{}: without --locked the newer one is taken",
                        stale(pin, &other)
                    );
                }
                self.ui.warn(&stale(pin, &other));
                other
            }
            None => newest(series, &apt, &index)?,
        };
        let bundle = self.download(series, &apt, &chosen)?;
        if let Some(pin) = pin.filter(|pin| **pin != chosen) {
            std::fs::write(self.note(pin), serde_json::to_string(&chosen)?)?;
        }
        Ok(bundle)
    }

    fn download(&self, series: Series, apt: &Apt, pin: &Pin) -> Result<Bundle> {
        let bundles = self.place();
        std::fs::create_dir_all(&bundles).with_context(|| bundles.display().to_string())?;
        // The packages, and about as much again of what is kept of them.
        cache::check_space(&bundles, pin.size() * 2 + (64 << 20))?;
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(&bundles)?;
        let bar = self.ui.bytes(&pin.series, pin.size());
        let mut files = Vec::new();
        let mut done = 0;
        for package in &pin.packages {
            bar.message(&format!("{} {}", package.name, package.version));
            let report =
                |percent: f64| bar.at(done + (package.size as f64 * percent / 100.0) as u64);
            let file = apt.download(&package.name, &package.version, place.path(), &report)?;
            deb::verify(&file, &package.sha256)?;
            files.push(file);
            done += package.size;
            bar.at(done);
        }
        bar.message("unpacking");
        let directory = bundles.join(cache::key(pin));
        match series.kind {
            Kind::Kernel => kernel_parts::make(&directory, &files),
            Kind::Runtimes => runtimes::make(&directory, pin, &files),
        }
    }
}

/// A pin on the newest of a series.
fn newest(series: Series, apt: &Apt, index: &[Stanza]) -> Result<Pin> {
    let stanzas = match series.kind {
        Kind::Kernel => series::newest(series, index)?,
        Kind::Runtimes => apt.with_dependencies(&series::runtime_packages(), index)?,
    };
    Ok(Pin::new(series, &stanzas))
}

impl Source<'_> {
    fn open(&self, cache: &Path, series: Series) -> Result<Apt> {
        let mirrors = mirrors(self.mirror)?;
        let expired = self.allow_expired.iter().any(|name| name == series.suite);
        Apt::open(
            &cache.join("apt").join(series.name),
            series.suite,
            &mirrors,
            expired,
            AMD64,
        )
    }
}

/// From `--mirror`, else from this machine's apt.
pub(crate) fn mirrors(given: Option<&str>) -> Result<Mirrors> {
    match given {
        Some(url) => Mirrors::from_url(url),
        None => Mirrors::from_machine(Path::new("/etc/apt")),
    }
}

/// `cargo xtask vm update`: pins the newest of each series; one that cannot be had keeps its pin.
pub(crate) fn update(
    series: &[Series],
    cache: &Path,
    source: &Source<'_>,
    ui: &Ui,
) -> crate::verdict::Verdict {
    let mut lock = Lock::load()?;
    let mut all = true;
    for series in series {
        let new = source
            .open(cache, *series)
            .and_then(|apt| newest(*series, &apt, &apt.all()?));
        let old = lock
            .pin(*series)
            .map_or_else(|| "nothing".to_owned(), Pin::title);
        match new {
            Ok(new) => {
                ui.line(&format!("{:<9} {old} → {}", series.name, new.title()));
                lock.set(new);
            }
            Err(error) => {
                all = false;
                ui.line(&format!("{:<9} {old} stays: {error:#}", series.name));
            }
        }
    }
    lock.store().map(|()| all)
}

fn stale(pin: &Pin, other: &Pin) -> String {
    format!(
        "the lock is stale: {} {} → {} (`cargo xtask vm update` pins it)",
        pin.series,
        pin.title(),
        other.title()
    )
}
