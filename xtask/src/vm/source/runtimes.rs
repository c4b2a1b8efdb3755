//! The OCI runtimes of several Debian releases, as a ready piece of the initramfs.

use super::lock::Pin;
use super::series::PROGRAMS;
use crate::deb;
use crate::vm::image::bundle::Bundle;
use crate::vm::image::cpio::Archive;
use crate::vm::image::initramfs;
use crate::vm::image::relocate;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Debian's loader; elsewhere it is a link that is only right in an installed system.
const LOADER: &str = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

/// Makes the piece of the packages; it appears in the cache whole or not at all.
pub(crate) fn make(directory: &Path, pin: &Pin, packages: &[PathBuf]) -> Result<Bundle> {
    let place = tempfile::tempdir().context("making a place to unpack")?;
    for name in ["lib", "lib64", "bin", "sbin"] {
        std::fs::create_dir_all(place.path().join("usr").join(name)).context("usr")?;
        std::os::unix::fs::symlink(format!("usr/{name}"), place.path().join(name))
            .with_context(|| format!("linking {name}"))?;
    }
    for package in packages {
        deb::unpack(package, place.path()).with_context(|| package.display().to_string())?;
    }
    let (archive, label) = archive(place.path(), pin)?;
    Bundle::write(directory, &label, &[("runtimes.cpio", &archive)])
}

/// The archive, and what is in it in words.
fn archive(tree: &Path, pin: &Pin) -> Result<(Vec<u8>, String)> {
    let directory = format!("/oci/{}/", pin.series);
    let mut archive = Archive::new(Vec::new());
    let (mut list, mut label) = (String::new(), Vec::new());
    let mut loader = read(&tree.join(LOADER))?;
    relocate::loader(&mut loader, &directory).with_context(|| LOADER.to_owned())?;
    archive.file(&format!("{directory}{}", relocate::NAME), 0o755, &loader)?;
    for (package, program) in PROGRAMS {
        let path = tree.join(program);
        for library in initramfs::libraries_in(tree, LOADER, &path)? {
            let name = library.file_name().context("a library has a name")?;
            let name = format!("{directory}{}", name.to_string_lossy());
            archive.file(&name, 0o755, &read(&library)?)?;
        }
        let mut image = read(&path)?;
        relocate::program(&mut image, &directory).with_context(|| path.display().to_string())?;
        archive.file(&format!("{directory}{package}"), 0o755, &image)?;
        let version = pin.version_of(package);
        let _ = writeln!(list, "{directory}{package}\t{version}");
        label.push(format!("{package} {version}"));
    }
    let name = format!("{}/{}", support::container::RUNTIMES, pin.series);
    archive.file(&name, 0o644, list.as_bytes())?;
    Ok((archive.finish()?, label.join(", ")))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suites_place_is_short_enough_to_relocate_to() {
        for suite in crate::vm::source::series::SUITES {
            let directory = format!("/oci/{}/", suite.name);
            let mut program = b"/lib64/ld-linux-x86-64.so.2\0".to_vec();
            relocate::program(&mut program, &directory).unwrap();
            let mut loader = b"/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0".to_vec();
            relocate::loader(&mut loader, &directory).unwrap();
        }
    }
}
