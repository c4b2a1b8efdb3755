//! Turns paths that procfs prints into paths of the process's own table. Pure.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::row::borrowed::Row;

/// File system types that ask their server whether a file is still the same, when a link of procfs
/// to it is opened. That may have to wait.
const ASKED: [&str; 2] = ["nfs", "9p"];

/// Whether it may have to wait for a server to open a link to a file on this mount, even as a
/// place.
pub(crate) fn may_wait(row: &Row<'_>) -> bool {
    let fs_type = row.fs_type();
    let is_of = |name: &&str| fs_type.as_bytes().starts_with(name.as_bytes());
    ASKED.iter().any(is_of)
}

/// The path as a table that is seen from `root` has it; `None` if the path is outside.
pub(crate) fn inside(text: &Path, root: &Path) -> Option<PathBuf> {
    let bytes = text.as_os_str().as_bytes();
    // The kernel adds this mark to the path of a removed file.
    let bytes = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
    let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
    // By component: `/jail2` is not in `/jail`.
    let relative = path.strip_prefix(root).ok()?;
    Some(Path::new("/").join(relative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_root_of_the_process() {
        let path = |text: &str, root: &str| inside(Path::new(text), Path::new(root));
        assert_eq!(
            path("/jail/bin/sh", "/jail"),
            Some(PathBuf::from("/bin/sh"))
        );
        assert_eq!(path("/jail", "/jail"), Some(PathBuf::from("/")));
        assert_eq!(path("/a (deleted)", "/"), Some(PathBuf::from("/a")));
        assert_eq!(path("/elsewhere", "/jail"), None);
    }
}
