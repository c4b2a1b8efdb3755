//! What a test left behind in the guest: mounts outside its own namespace,
//! files in `/tmp` and `/run`.

use rustix::mount::{UnmountFlags, unmount};
use std::collections::HashSet;
use std::path::Path;

/// The guest as it was before a test.
pub(crate) struct Before {
    mounts: HashSet<String>,
    entries: HashSet<std::path::PathBuf>,
}

impl Before {
    /// Looks.
    pub(crate) fn look() -> Self {
        Self {
            mounts: mounts().into_iter().collect(),
            entries: entries().into_iter().collect(),
        }
    }

    /// Removes what came since; the mounts among it, which are a finding, as text.
    pub(crate) fn restore(&self) -> Option<String> {
        let new: Vec<String> = mounts()
            .into_iter()
            .filter(|row| !self.mounts.contains(row))
            .collect();
        for row in new.iter().rev() {
            let point = row.split(' ').nth(4).unwrap_or_default();
            let _ = unmount(point, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        }
        for entry in entries()
            .iter()
            .filter(|entry| !self.entries.contains(*entry))
        {
            // A failure shows when the next test needs the name.
            let _ = if entry.is_dir() && !entry.is_symlink() {
                std::fs::remove_dir_all(entry)
            } else {
                std::fs::remove_file(entry)
            };
        }
        (!new.is_empty()).then(|| format!("left in the guest's mount table:\n{}", new.join("\n")))
    }
}

fn mounts() -> Vec<String> {
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    String::from_utf8_lossy(&table)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn entries() -> Vec<std::path::PathBuf> {
    ["/tmp", "/run", "/var/lib", "/var/tmp", "/dev/shm"]
        .iter()
        .filter_map(|directory| Path::new(directory).read_dir().ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .collect()
}
