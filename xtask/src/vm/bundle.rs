//! What is kept of a kernel's packages: the kernel, the wanted modules as a
//! ready piece of the initramfs, and what they are. Some 25 MB instead of 50
//! to 150, read by later runs without network and without undoing xz.

use super::cpio::Archive;
use super::lock::Pin;
use super::modules::{self, Module};
use crate::deb;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Raised when the contents change in a way that the key does not show.
const FORMAT: u32 = 1;

/// A kernel ready to boot.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) directory: PathBuf,
    pub(crate) release: String,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    release: String,
    kernel_sha256: String,
    modules_sha256: String,
    modules: Vec<String>,
}

impl Bundle {
    /// The kernel image.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.directory.join("vmlinuz")
    }

    /// The modules and their list, as a newc archive.
    pub(crate) fn modules(&self) -> PathBuf {
        self.directory.join("modules.cpio")
    }

    /// Reads a bundle; `None` if there is none.
    ///
    /// # Errors
    /// If it is not what was written.
    pub(crate) fn open(directory: &Path) -> Result<Option<Self>> {
        let Ok(text) = std::fs::read_to_string(directory.join("contents.json")) else {
            return Ok(None);
        };
        let corrupt = || {
            format!(
                "corrupt cache: remove {} and run again",
                directory.display()
            )
        };
        let contents: Contents = serde_json::from_str(&text).with_context(corrupt)?;
        let bundle = Self {
            directory: directory.to_owned(),
            release: contents.release,
        };
        for (path, sha256) in [
            (bundle.kernel(), contents.kernel_sha256),
            (bundle.modules(), contents.modules_sha256),
        ] {
            let bytes = std::fs::read(&path).with_context(corrupt)?;
            if deb::digest(&bytes) != sha256 {
                return Err(anyhow::anyhow!("{} has changed", path.display()))
                    .with_context(corrupt);
            }
        }
        Ok(Some(bundle))
    }

    /// Makes one of the packages; it appears in the cache whole or not at all.
    pub(crate) fn make(directory: &Path, packages: &[PathBuf]) -> Result<Self> {
        let parts = Parts::read(packages)?;
        let kernel = parts
            .kernel
            .as_deref()
            .context("the packages have no vmlinuz")?;
        let modules = modules::close(modules::WANTED, &|name| parts.module(name))?;
        let release = parts.release.context("the packages have no modules")?;
        Self::write(directory, release, kernel, &modules)
    }

    /// Makes one of a kernel image and a modules directory (`--kernel-image`).
    pub(crate) fn from_files(directory: &Path, kernel: &Path, tree: Option<&Path>) -> Result<Self> {
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
        Self::write(directory, name, &image, &modules)
    }

    fn write(directory: &Path, release: String, kernel: &[u8], modules: &[Module]) -> Result<Self> {
        let parent = directory.parent().context("a bundle lies in the cache")?;
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(parent)?;
        let archive = archive(modules)?;
        let contents = Contents {
            release: release.clone(),
            kernel_sha256: deb::digest(kernel),
            modules_sha256: deb::digest(&archive),
            modules: modules.iter().map(|module| module.name.clone()).collect(),
        };
        let store = |name: &str, bytes: &[u8]| {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())
        };
        store("vmlinuz", kernel)?;
        store("modules.cpio", &archive)?;
        store(
            "contents.json",
            serde_json::to_string_pretty(&contents)?.as_bytes(),
        )?;
        if directory.exists() {
            std::fs::remove_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        std::fs::rename(place.path(), directory)
            .with_context(|| directory.display().to_string())?;
        Ok(Self {
            directory: directory.to_owned(),
            release,
        })
    }
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
    use super::super::{kernels::MATRIX, lock::Package};
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
    fn a_changed_bundle_is_refused_and_a_missing_one_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let directory = cache.path().join("b");
        assert!(Bundle::open(&directory).unwrap().is_none());
        let made = Bundle::write(&directory, "6.1".into(), b"kernel", &[]).unwrap();
        assert_eq!(
            Bundle::open(&directory).unwrap().unwrap().release,
            made.release
        );
        std::fs::write(made.kernel(), "kernal").unwrap();
        let error = format!("{:#}", Bundle::open(&directory).unwrap_err());
        assert!(error.contains("corrupt cache: remove"), "{error}");
        // Writing it again mends it.
        Bundle::write(&directory, "6.1".into(), b"kernel", &[]).unwrap();
        assert!(Bundle::open(&directory).is_ok());
        assert_eq!(
            cache.path().read_dir().unwrap().count(),
            1,
            "nothing half-written stays"
        );
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
