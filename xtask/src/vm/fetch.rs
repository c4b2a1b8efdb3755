//! From a series to a kernel ready to boot: the cache, else apt.

use super::bundle::{self, Bundle};
use super::kernels::{self, Series};
use super::lock::{Lock, Pin};
use super::ui::Ui;
use crate::apt::{Apt, Mirrors};
use crate::deb;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// How to fetch.
pub(crate) struct Fetch<'a> {
    pub(crate) cache: &'a Path,
    pub(crate) lock: &'a Lock,
    pub(crate) mirror: Option<&'a str>,
    /// A vanished pin is an error.
    pub(crate) locked: bool,
    pub(crate) ui: &'a Ui,
}

/// The cache directory of this lane.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = set
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .unwrap_or_else(|| crate::cargo::root().join("target"));
    let cache = base.join("daemon-host");
    std::fs::create_dir_all(&cache).with_context(|| {
        format!(
            "{}: set XDG_CACHE_HOME to a place that can be written",
            cache.display()
        )
    })?;
    Ok(cache)
}

impl Fetch<'_> {
    /// One kernel.
    pub(crate) fn kernel(&self, series: Series) -> Result<Bundle> {
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
                "kernel {} is not in the cache and cannot be fetched",
                series.name
            )
        })
    }

    fn cached(&self, pin: &Pin) -> Result<Option<Bundle>> {
        let directory = self.cache.join("kernels").join(bundle::key(pin));
        match Bundle::open(&directory) {
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
        self.cache
            .join("kernels")
            .join(format!("{}.instead", bundle::key(pin)))
    }

    fn fetch(&self, series: Series, pin: Option<&Pin>) -> Result<Bundle> {
        let mirrors = mirrors(self.mirror)?;
        self.ui.note(&format!(
            "{}: reading the index of {}",
            series.name, series.suite
        ));
        let apt = Apt::open(
            &self.cache.join("apt").join(series.name),
            series.suite,
            &mirrors,
        )?;
        let index = apt.all()?;
        let chosen = match pin {
            Some(pin) if pin.is_in(&index) => pin.clone(),
            Some(pin) => {
                let other = Pin::new(series, &kernels::newest(series, &index)?);
                if self.locked {
                    bail!(
                        "{}: without --locked the newer one is taken",
                        stale(pin, &other)
                    );
                }
                self.ui.warn(&stale(pin, &other));
                other
            }
            None => Pin::new(series, &kernels::newest(series, &index)?),
        };
        let bundle = self.download(&apt, &chosen)?;
        if let Some(pin) = pin.filter(|pin| **pin != chosen) {
            std::fs::write(self.note(pin), serde_json::to_string(&chosen)?)?;
        }
        Ok(bundle)
    }

    fn download(&self, apt: &Apt, pin: &Pin) -> Result<Bundle> {
        let kernels = self.cache.join("kernels");
        std::fs::create_dir_all(&kernels).with_context(|| kernels.display().to_string())?;
        // The packages, and about as much again of what is kept of them.
        bundle::check_space(&kernels, pin.size() * 2 + (64 << 20))?;
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(&kernels)?;
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
        Bundle::make(&kernels.join(bundle::key(pin)), &files)
    }
}

/// From `--mirror`, else from this machine's apt.
pub(crate) fn mirrors(given: Option<&str>) -> Result<Mirrors> {
    match given {
        Some(url) => Mirrors::from_url(url),
        None => Mirrors::from_machine(Path::new("/etc/apt")),
    }
}

/// `cargo xtask vm update`: pins the newest of each series.
pub(crate) fn update(series: &[Series], cache: &Path, mirror: Option<&str>, ui: &Ui) -> Result<()> {
    let mut lock = Lock::load().unwrap_or_default();
    let mirrors = mirrors(mirror)?;
    for series in series {
        let apt = Apt::open(&cache.join("apt").join(series.name), series.suite, &mirrors)?;
        let new = Pin::new(*series, &kernels::newest(*series, &apt.all()?)?);
        let old = lock
            .pin(*series)
            .map_or("nothing".to_owned(), |pin| pin.version().to_owned());
        ui.line(&format!("{:<7} {old} → {}", series.name, new.version()));
        lock.set(new);
    }
    lock.store()
}

fn stale(pin: &Pin, other: &Pin) -> String {
    format!(
        "the lock is stale: {} {} → {} (`cargo xtask vm update` pins it)",
        pin.series,
        pin.version(),
        other.version()
    )
}
