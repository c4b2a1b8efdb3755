//! A directory tree with a daemon in it, from Debian's packages, configured by nobody.

use crate::apt::{Apt, Mirrors};
use crate::arch::AMD64;
use crate::deb;
use anyhow::{Context, Result};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Raised when trees have to be made anew.
const FORMAT: u32 = 2;

/// What to put into a tree.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) suite: &'static str,
    pub(crate) packages: &'static [&'static str],
    /// Whether the suite's index may be out of date. One that moves every day stands still
    /// on a mirror that lags; its packages are signed all the same, and only tried here.
    pub(crate) may_lag: bool,
}

impl Recipe {
    /// The tree in the cache, made if need be; it appears whole or not at all.
    pub(crate) fn obtain(
        &self,
        cache: &Path,
        mirrors: &dyn Fn() -> Result<Mirrors>,
    ) -> Result<PathBuf> {
        let trees = cache.join("trees");
        std::fs::create_dir_all(&trees).with_context(|| trees.display().to_string())?;
        let tree = trees.join(format!("{}-{}-{FORMAT}", self.name, self.suite));
        if tree.is_dir() {
            return Ok(tree);
        }
        eprintln!(
            "{}: fetching {} of {}",
            self.name,
            self.packages.join(" "),
            self.suite
        );
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(&trees)?;
        let apt = Apt::open(place.path(), self.suite, &mirrors()?, self.may_lag, AMD64)?;
        let half = place.path().join("tree");
        make_skeleton(&half)?;
        for package in apt.download_with_dependencies(self.packages)? {
            deb::unpack(&package, &half).with_context(|| package.display().to_string())?;
        }
        finish(&half)?;
        std::fs::rename(&half, &tree).with_context(|| tree.display().to_string())?;
        Ok(tree)
    }
}

/// Directories and links that no package brings before it is configured.
fn make_skeleton(tree: &Path) -> Result<()> {
    for directory in [
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        "usr/lib64",
        "etc",
        "root",
        "var/lib",
        "var/tmp",
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
    ] {
        let path = tree.join(directory);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{name}"), tree.join(name))
            .with_context(|| format!("linking {name}"))?;
    }
    Ok(())
}

/// What the packages' scripts would have made.
fn finish(tree: &Path) -> Result<()> {
    let write =
        |name: &str, text: &str| std::fs::write(tree.join(name), text).context(name.to_owned());
    write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nsystemd-resolve:x:991:991::/:/usr/sbin/nologin\nremap:x:900:900::/:/bin/sh\n",
    )?;
    write(
        "etc/group",
        "root:x:0:\ndocker:x:990:\nsystemd-resolve:x:991:\nremap:x:900:\n",
    )?;
    for name in ["etc/subuid", "etc/subgid"] {
        write(name, "remap:100000:65536\n")?;
    }
    if tree.join("usr/bin/busybox").exists() && !tree.join("usr/bin/sh").exists() {
        symlink("busybox", tree.join("usr/bin/sh")).context("linking sh")?;
    }
    let var_run = tree.join("var/run");
    if var_run.symlink_metadata().is_err() {
        symlink("../run", var_run).context("linking /var/run")?;
    }
    Ok(())
}
