//! Where bundles lie between runs, and what they are called there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::lock::Pin;
use crate::deb;
use crate::vm::image::modules;

/// Raised when the contents of a bundle change in a way that the key does not show.
const FORMAT: u32 = 2;

/// The cache directory of this lane.
pub(crate) fn directory() -> Result<PathBuf> {
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

/// The directory name of a pin's bundle: other packages, other modules or
/// another format give another one.
pub(crate) fn key(pin: &Pin) -> String {
    let mut text = format!("{FORMAT} {}", modules::WANTED.join(" "));
    for package in &pin.packages {
        text.push_str(&package.sha256);
    }
    format!("{}-{}", pin.series, &deb::digest(text.as_bytes())[..16])
}

/// Says no before the disk does.
pub(crate) fn check_space(directory: &Path, bytes: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(directory).with_context(|| directory.display().to_string())?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes {
        bail!(
            "no space: {} has {} MB free, {} MB are needed: free some, or set XDG_CACHE_HOME to a larger disk",
            directory.display(),
            free >> 20,
            bytes >> 20
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::source::lock::Package;
    use crate::vm::source::series::MATRIX;

    #[test]
    fn the_key_follows_the_packages() {
        let pin = |sha256: &str| Pin {
            series: MATRIX[0].name.into(),
            suite: MATRIX[0].suite.into(),
            packages: vec![Package {
                name: "a".into(),
                version: "1".into(),
                sha256: sha256.into(),
                size: 1,
            }],
        };
        assert_eq!(key(&pin("00")), key(&pin("00")));
        assert_ne!(key(&pin("00")), key(&pin("01")));
        assert!(key(&pin("00")).starts_with("5.10-"));
    }

    #[test]
    fn a_full_disk_is_told_before_the_download() {
        let directory = tempfile::tempdir().unwrap();
        check_space(directory.path(), 1).unwrap();
        let error = check_space(directory.path(), u64::MAX)
            .unwrap_err()
            .to_string();
        assert!(error.contains("XDG_CACHE_HOME"), "{error}");
    }
}
