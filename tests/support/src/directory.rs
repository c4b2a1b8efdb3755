//! A directory to mount on, gone when dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new, empty directory in the temporary directory.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes it; the name is of this process and of no other.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let temp = std::env::temp_dir().canonicalize();
        let temp = temp.expect("there is a temporary directory");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = temp.join(format!("daemon-host-test-{}-{number}", std::process::id()));
        // Never one that is there already: somebody else may have made it.
        std::fs::create_dir(&path)
            .unwrap_or_else(|error| panic!("make {}: {error}", path.display()));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Empty: what was mounted on it is gone with the copy of the test.
        let _ = std::fs::remove_dir(&self.0);
    }
}
