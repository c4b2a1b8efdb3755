//! Paths as procfs prints them, beside a table of the process's own namespace.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::row::borrowed::Row;

/// Types whose server is asked, when a link of procfs to them is opened, whether the file is still
/// the same: that may have to wait.
const ASKED: [&str; 2] = ["nfs", "9p"];

/// Whether opening a link to a file there, as a place only, may have to wait for a server.
pub(crate) fn may_wait(row: &Row<'_>) -> bool {
    let fs_type = row.fs_type();
    let is_of = |name: &&str| fs_type.as_bytes().starts_with(name.as_bytes());
    ASKED.iter().any(is_of)
}

/// The path as a table with this root has it; `None` if it is outside.
pub(crate) fn inside(text: &Path, root: &Path) -> Option<PathBuf> {
    let bytes = text.as_os_str().as_bytes();
    let bytes = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
    let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
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
