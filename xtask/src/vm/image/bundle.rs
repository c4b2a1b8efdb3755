//! What is kept of packages in the cache: for a kernel itself and the wanted modules as a ready
//! piece of the initramfs, some 25 MB instead of 50 to 150; read by later runs without
//! network and without undoing xz.

use crate::deb;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A directory of the cache that is whole.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) directory: PathBuf,
    /// What it is: a kernel's release, the versions of runtimes.
    pub(crate) label: String,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    label: String,
    /// Name and SHA-256 of each file.
    files: BTreeMap<String, String>,
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

    /// The runtimes and their list, as a newc archive.
    pub(crate) fn runtimes(&self) -> PathBuf {
        self.directory.join("runtimes.cpio")
    }

    /// The series of it, from the directory's name.
    pub(crate) fn series(&self) -> Result<&str> {
        let name = self.directory.file_name().and_then(|name| name.to_str());
        let series = name.and_then(|name| name.rsplit_once('-'));
        Ok(series.context("a bundle's directory has a key's name")?.0)
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
        for (name, sha256) in &contents.files {
            let path = directory.join(name);
            let bytes = std::fs::read(&path).with_context(corrupt)?;
            if deb::digest(&bytes) != *sha256 {
                return Err(anyhow::anyhow!("{} has changed", path.display()))
                    .with_context(corrupt);
            }
        }
        Ok(Some(Self {
            directory: directory.to_owned(),
            label: contents.label,
        }))
    }

    /// Writes one; it appears in the cache whole or not at all.
    pub(crate) fn write(directory: &Path, label: &str, files: &[(&str, &[u8])]) -> Result<Self> {
        let parent = directory.parent().context("a bundle lies in the cache")?;
        let place = tempfile::Builder::new()
            .prefix(".half-")
            .tempdir_in(parent)?;
        let digests = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), deb::digest(bytes)));
        let contents = Contents {
            label: label.to_owned(),
            files: digests.collect(),
        };
        let contents = serde_json::to_string_pretty(&contents)?;
        for (name, bytes) in files
            .iter()
            .chain(&[("contents.json", contents.as_bytes())])
        {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
        if directory.exists() {
            std::fs::remove_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        std::fs::rename(place.path(), directory)
            .with_context(|| directory.display().to_string())?;
        Ok(Self {
            directory: directory.to_owned(),
            label: label.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_bundle_is_refused_and_a_missing_one_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let directory = cache.path().join("b");
        assert!(Bundle::open(&directory).unwrap().is_none());
        let files: &[(&str, &[u8])] = &[("vmlinuz", b"kernel")];
        let made = Bundle::write(&directory, "6.1", files).unwrap();
        assert_eq!(Bundle::open(&directory).unwrap().unwrap().label, made.label);
        std::fs::write(made.kernel(), "kernal").unwrap();
        let error = format!("{:#}", Bundle::open(&directory).unwrap_err());
        assert!(error.contains("corrupt cache: remove"), "{error}");
        // Writing it again mends it.
        Bundle::write(&directory, "6.1", files).unwrap();
        assert!(Bundle::open(&directory).is_ok());
        assert_eq!(
            cache.path().read_dir().unwrap().count(),
            1,
            "nothing half-written stays"
        );
    }
}
