//! A directory tree of unpacked packages in the cache; several make one root.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apt::{Apt, Mirrors};
use crate::arch::{AMD64, Arch};
use crate::deb;

/// Raised when layers have to be made again.
const FORMAT: u32 = 1;

/// Debian's release whose compiler is the oldest that we promise.
const SUITE: &str = "trixie";

/// What the compiler needs to run, for no other processor yet.
const COMPILER: &[&str] = &["rustc", "cargo", "gcc", "libc6-dev"];

/// The layers of a root that builds for this architecture, the topmost first.
pub(super) fn layers(cache: &Path, mirrors: &Mirrors, arch: &Arch) -> Result<Vec<PathBuf>> {
    let base = obtain(cache, "rust", &|place, tree| {
        let apt = Apt::open(place, SUITE, mirrors, false, AMD64)?;
        unpack_all(&apt.download_with_dependencies(COMPILER)?, tree)
    })?;
    if arch == AMD64 {
        return Ok(vec![base]);
    }
    let name = format!("rust-{}", arch.name);
    let cross = obtain(cache, &name, &|place, tree| {
        let apt = Apt::open(place, SUITE, mirrors, false, AMD64)?;
        unpack_all(&apt.download_with_dependencies(arch.cross)?, tree)?;
        // Of the other architecture's package only the library's own files count: nothing of it
        // runs here, so nothing that it depends on is needed.
        let place = place.join("foreign");
        let apt = Apt::open(&place, SUITE, mirrors, false, arch)?;
        let version = version_of(&apt, "libstd-rust-dev")?;
        let file = apt.download("libstd-rust-dev", &version, &place, &|_| ())?;
        unpack_all(&[file], tree)
    })?;
    Ok(vec![cross, base])
}

fn version_of(apt: &Apt, package: &str) -> Result<String> {
    let all = apt.all()?;
    let mut of_it = all.into_iter().filter(|it| it.package == package);
    let stanza = of_it
        .next()
        .with_context(|| format!("{SUITE} has no {package}"))?;
    Ok(stanza.version)
}

/// A tree of the cache, made if it is not there; it appears whole or not at all.
fn obtain(cache: &Path, name: &str, make: &dyn Fn(&Path, &Path) -> Result<()>) -> Result<PathBuf> {
    let all = cache.join("toolchains");
    std::fs::create_dir_all(&all).with_context(|| all.display().to_string())?;
    let kept = all.join(format!("{name}-{SUITE}-{FORMAT}"));
    if kept.is_dir() {
        return Ok(kept);
    }
    eprintln!("{name}: fetching the compiler of {SUITE}");
    let place = tempfile::Builder::new().prefix(".half-").tempdir_in(&all)?;
    let tree = place.path().join("tree");
    make_skeleton(&tree)?;
    make(place.path(), &tree).with_context(|| format!("{name} of {SUITE}"))?;
    std::fs::rename(&tree, &kept).with_context(|| kept.display().to_string())?;
    Ok(kept)
}

/// The links that a merged `/usr` has from the start.
fn make_skeleton(tree: &Path) -> Result<()> {
    for name in ["bin", "sbin", "lib", "lib64"] {
        let path = tree.join("usr").join(name);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        symlink(format!("usr/{name}"), tree.join(name)).with_context(|| name.to_owned())?;
    }
    Ok(())
}

fn unpack_all(packages: &[PathBuf], tree: &Path) -> Result<()> {
    for package in packages {
        deb::unpack(package, tree).with_context(|| package.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_fails_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let made = obtain(cache.path(), "rust", &|_, tree| {
            std::fs::write(tree.join("usr/bin/half"), "")?;
            anyhow::bail!("no network")
        });
        assert!(format!("{:#}", made.unwrap_err()).contains("no network"));
        let all = cache.path().join("toolchains");
        assert_eq!(all.read_dir().unwrap().count(), 0);
        let make = |_: &Path, tree: &Path| std::fs::write(tree.join("usr/bin/a"), "").context("a");
        let kept = obtain(cache.path(), "rust", &make).unwrap();
        assert!(kept.join("bin/a").is_file(), "bin is a link into usr");
        let again = obtain(cache.path(), "rust", &|_, _| {
            anyhow::bail!("not made again")
        });
        assert_eq!(again.unwrap(), kept);
    }
}
