//! A program that Debian has no package of, built from crates.io once into the cache.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What to build.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) features: &'static str,
}

impl Program {
    /// A directory with `usr/bin/NAME`, to be laid over a tree; it appears whole or not at all.
    pub(crate) fn obtain(&self, cache: &Path) -> Result<PathBuf> {
        let trees = cache.join("trees");
        std::fs::create_dir_all(&trees).with_context(|| trees.display().to_string())?;
        let layer = trees.join(format!("{}-{}", self.name, self.version));
        if layer.is_dir() {
            return Ok(layer);
        }
        eprintln!(
            "{0}: building {0} {1} from crates.io",
            self.name, self.version
        );
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(&trees)?;
        let half = place.path().join("layer");
        let mut cargo = crate::cargo::cargo(["install", self.name, "--locked", "--debug"]);
        cargo.args(["--version", self.version, "--no-default-features"]);
        cargo.args(["--features", self.features, "--no-track", "--root"]);
        cargo
            .arg(half.join("usr"))
            .arg("--target-dir")
            .arg(place.path().join("target"));
        let output = cargo
            .stdin(Stdio::null())
            .output()
            .context("cargo install")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| line.starts_with("error"));
        let said = || {
            format!(
                "cargo install {}: {}",
                self.name,
                last.unwrap_or("no error told")
            )
        };
        anyhow::ensure!(output.status.success(), said());
        std::fs::rename(&half, &layer).with_context(|| layer.display().to_string())?;
        Ok(layer)
    }
}
