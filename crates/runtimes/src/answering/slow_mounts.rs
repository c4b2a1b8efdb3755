//! Which mounts may not answer, and whether a path leads into one of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::read_link;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use mountscan::MountTable;

use super::child;
use super::kinds::may_wait;

/// The kernel follows as many links of one path.
const MOST_LINKS: u32 = 40;

/// Whether the file systems on the way to a file answer within a limit of time.
///
/// Where a mount on the way may wait for a server, a child process looks at the file first. It is
/// left behind if it does not come back. Another question about the same path starts no second
/// child; after five seconds such a path counts as silent at once. So the caller can end at any
/// time, and may look at the file itself if the answer is yes. Where no mount on the way has a
/// server, nothing is started, and the answer is yes.
///
/// The server can stop right after its answer. A mount at `/`, and the layers of an overlay, are
/// taken to answer.
pub fn answers_within(limit: Duration, path: &Path) -> bool {
    SlowMounts::now().answers(path, limit)
}

/// The mount points whose file systems may not answer; `None` if no mount table could be read.
#[derive(Debug)]
pub(crate) struct SlowMounts(Option<BTreeSet<PathBuf>>);

impl SlowMounts {
    /// Those that the calling thread sees now.
    pub(crate) fn now() -> Self {
        Self(MountTable::current().ok().map(|table| Self::among(&table)))
    }

    #[cfg(test)]
    pub(crate) fn at(points: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(Some(points.into_iter().collect()))
    }

    fn among(table: &MountTable) -> BTreeSet<PathBuf> {
        let slow = table.rows().filter(|row| may_wait(&row.fs_type()));
        let points = slow.map(|row| row.mount_point().into_owned());
        // The programs of this system are on the mount at the root. Nothing works without it.
        points.filter(|point| point != Path::new("/")).collect()
    }

    /// As [`answers_within`].
    pub(crate) fn answers(&self, path: &Path, limit: Duration) -> bool {
        let Ok(path) = std::path::absolute(path) else {
            return true;
        };
        !self.is_on_way(&path) || child::answers(&path, limit)
    }

    /// Whether a look at this path could enter one of the mounts. Nothing in them is looked at.
    fn is_on_way(&self, path: &Path) -> bool {
        let Some(slow) = &self.0 else { return true };
        if slow.is_empty() {
            return false;
        }
        let mut at = PathBuf::from("/");
        let mut todo = names(path);
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            at.push(&name);
            if slow.contains(&at) {
                return true;
            }
            if let Ok(target) = read_link(&at) {
                links += 1;
                if links > MOST_LINKS {
                    // The kernel refuses such a path before it looks any further.
                    return false;
                }
                at.pop();
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                todo.extend(names(&target));
            }
        }
        false
    }
}

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    let mut names: Vec<_> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_has_a_server_is_slow() {
        let text = "1 0 0:1 / / rw - fuse.fuse-overlayfs f rw\n\
            2 1 8:1 / /usr rw - ext4 d rw\n\
            3 1 0:2 / /srv/a\\040b rw - fuse.sshfs h rw\n\
            4 1 0:3 / /net rw - autofs a rw\n";
        let slow = SlowMounts::among(&MountTable::from_bytes(text));
        let points: Vec<_> = slow.iter().map(|point| point.to_str().unwrap()).collect();
        assert_eq!(points, ["/net", "/srv/a b"]);
    }

    #[test]
    fn every_way_into_a_slow_mount_is_seen() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        std::fs::create_dir_all(dir.join("slow/in")).unwrap();
        std::fs::create_dir(dir.join("quick")).unwrap();
        symlink(dir.join("slow"), dir.join("direct")).unwrap();
        symlink("direct/in", dir.join("relative")).unwrap();
        symlink("../slow", dir.join("quick/up")).unwrap();
        symlink("loop", dir.join("loop")).unwrap();
        let mounts = SlowMounts(Some(BTreeSet::from([dir.join("slow")])));
        for way in [
            "slow",
            "slow/x",
            "direct",
            "direct/x",
            "relative/x",
            "quick/up/x/y",
        ] {
            assert!(mounts.is_on_way(&dir.join(way)), "{way}");
        }
        for way in ["", "quick", "quick/x", "slowly", "loop/x", "quick/../quick"] {
            assert!(!mounts.is_on_way(&dir.join(way)), "{way}");
        }
        assert!(mounts.is_on_way(&dir.join("quick/../slow")));
        let missing = SlowMounts(Some(BTreeSet::new()));
        assert!(!missing.is_on_way(&dir.join("slow")));
        assert!(SlowMounts(None).is_on_way(Path::new("/")));
    }
}
