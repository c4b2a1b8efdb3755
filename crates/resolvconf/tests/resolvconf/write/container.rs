//! A container's directory with its resolv.conf.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use resolvconf::{FileStatus, WriteOptions, Written, status, write};

pub(crate) const REWRITTEN: Written = Written::Rewritten { exclusive: true };

pub(crate) struct Container {
    _dir: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) options: WriteOptions,
}

impl Container {
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub(crate) fn within(parent: &std::path::Path) -> Self {
        let dir = tempfile::tempdir_in(parent).unwrap();
        let path = dir.path().join("resolv.conf");
        let options = WriteOptions::new();
        Self {
            _dir: dir,
            path,
            options,
        }
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path.display()))
    }

    pub(crate) fn names(&self) -> BTreeSet<OsString> {
        let entries = fs::read_dir(self.path.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    pub(crate) fn write(&self, text: &str) -> Written {
        write(&self.path, text.as_bytes(), &self.options).unwrap()
    }

    #[track_caller]
    pub(crate) fn check(&self, text: &str, expected: FileStatus) {
        assert_eq!(fs::read_to_string(&self.path).unwrap(), text);
        assert_eq!(status(&self.path, &self.options).unwrap(), expected);
    }
}
