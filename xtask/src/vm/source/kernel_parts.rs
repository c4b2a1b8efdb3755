//! From a kernel's packages, or a kernel image and its modules, to a bundle.

use crate::deb;
use crate::vm::image::bundle::Bundle;
use crate::vm::image::cpio::Archive;
use crate::vm::image::modules::{self, Module};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Makes a bundle of the packages; it appears in the cache whole or not at all.
pub(crate) fn make(directory: &Path, packages: &[PathBuf]) -> Result<Bundle> {
    let parts = Parts::read(packages)?;
    let kernel = parts
        .kernel
        .as_deref()
        .context("the packages have no vmlinuz")?;
    let modules = modules::close(modules::WANTED, &|name| parts.module(name))?;
    let release = parts.release.context("the packages have no modules")?;
    write(directory, &release, kernel, &modules)
}

/// Makes one of a kernel image and a modules directory (`--kernel-image`).
pub(crate) fn from_files(directory: &Path, kernel: &Path, tree: Option<&Path>) -> Result<Bundle> {
    let mut parts = Parts::default();
    if let Some(tree) = tree {
        parts
            .read_tree(tree)
            .with_context(|| tree.display().to_string())?;
    }
    let image = std::fs::read(kernel).with_context(|| kernel.display().to_string())?;
    let modules = modules::close(modules::WANTED, &|name| parts.module(name))?;
    let name = kernel
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    write(directory, &name, &image, &modules)
}

fn write(directory: &Path, release: &str, kernel: &[u8], modules: &[Module]) -> Result<Bundle> {
    let archive = archive(modules)?;
    let files: &[(&str, &[u8])] = &[("vmlinuz", kernel), ("modules.cpio", &archive)];
    Bundle::write(directory, release, files)
}

fn archive(modules: &[Module]) -> Result<Vec<u8>> {
    let mut archive = Archive::new(Vec::new());
    archive.file("/vm/modules", 0o644, modules::list(modules).as_bytes())?;
    for module in modules {
        archive.file(&modules::path(&module.name), 0o644, &module.image)?;
    }
    Ok(archive.finish()?)
}

/// What is of interest in the packages.
#[derive(Default)]
struct Parts {
    kernel: Option<Vec<u8>>,
    release: Option<String>,
    /// By plain name: as in the package, maybe compressed.
    modules: HashMap<String, (PathBuf, Vec<u8>)>,
}

impl Parts {
    fn read(packages: &[PathBuf]) -> Result<Self> {
        let mut parts = Self::default();
        for package in packages {
            deb::for_each_file(package, &mut |path, link, reader| {
                if link.is_none() {
                    parts.take(path, reader)?;
                }
                Ok(())
            })?;
        }
        Ok(parts)
    }

    fn read_tree(&mut self, directory: &Path) -> Result<()> {
        for entry in directory.read_dir()? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() {
                self.read_tree(&path)?;
            } else if let Some(name) = module_name(&path) {
                self.modules
                    .insert(name, (path.clone(), std::fs::read(&path)?));
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, reader: &mut dyn Read) -> Result<()> {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let mut read = || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        };
        if file == "vmlinuz" || path.starts_with("boot") && file.starts_with("vmlinuz-") {
            self.kernel = Some(read()?);
        } else if let Some(name) = module_name(path) {
            self.release = self.release.take().or_else(|| release(path));
            self.modules.insert(name, (path.to_owned(), read()?));
        }
        Ok(())
    }

    fn module(&self, name: &str) -> Option<Result<Vec<u8>>> {
        let (path, bytes) = self.modules.get(name)?;
        Some(
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("ko") => Ok(bytes.clone()),
                Some("xz") => deb::unxz(bytes),
                other => Err(anyhow::anyhow!(
                    "{}: compression {other:?} is not known",
                    path.display()
                )),
            },
        )
    }
}

/// `br_netfilter` of `…/br-netfilter.ko.xz`.
fn module_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let (name, rest) = file.split_once(".ko")?;
    (rest.is_empty() || rest.starts_with('.')).then(|| modules::plain(name))
}

/// The component after `modules` in `lib/modules/<release>/kernel/…`.
fn release(path: &Path) -> Option<String> {
    let mut parts = path
        .components()
        .skip_while(|part| part.as_os_str() != "modules");
    parts.next();
    Some(parts.next()?.as_os_str().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_both_layouts() {
        let path = Path::new("usr/lib/modules/7.3.4+deb13/kernel/net/br-netfilter.ko.xz");
        assert_eq!(module_name(path).as_deref(), Some("br_netfilter"));
        assert_eq!(release(path).as_deref(), Some("7.3.4+deb13"));
        let path = Path::new("lib/modules/5.10.0-46/kernel/fs/overlay.ko");
        assert_eq!(
            (module_name(path).as_deref(), release(path).as_deref()),
            (Some("overlay"), Some("5.10.0-46"))
        );
        assert_eq!(module_name(Path::new("lib/x.kofi")), None);
    }
}
