//! Looks at files and directories of a machine, and never waits for a server that may not answer.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rootmount::MountTable;

use crate::store::file;
use crate::unread::Unread;

/// How the types of file systems begin whose server may not answer.
const MAY_WAIT: [&[u8]; 15] = [
    b"nfs",
    b"cifs",
    b"smb",
    b"fuse",
    b"9p",
    b"ceph",
    b"gluster",
    b"lustre",
    b"afs",
    b"autofs",
    b"beegfs",
    b"gfs",
    b"ocfs",
    b"virtiofs",
    b"gpfs",
];

/// A machine: the directory that stands for `/`, and what is mounted there.
pub(super) struct Ground<'m> {
    root: &'m Path,
    table: &'m MountTable,
    pub(super) unread: Vec<Unread>,
}

impl<'m> Ground<'m> {
    pub(super) fn new(root: &'m Path, table: &'m MountTable) -> Self {
        Self {
            root,
            table,
            unread: Vec::new(),
        }
    }

    /// The path on this system that stands for a path of the machine.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The owner of a directory; `None` if no directory is there.
    pub(super) fn directory(&mut self, path: &Path) -> Option<u32> {
        let found = self.status(path)?;
        found.is_dir().then(|| found.uid())
    }

    /// The owner of the file or directory there. Symbolic links are followed.
    pub(super) fn owner(&mut self, path: &Path) -> Option<u32> {
        Some(self.status(path)?.uid())
    }

    fn status(&mut self, path: &Path) -> Option<fs::Metadata> {
        // lstat(2) first: it does not follow the link, so it cannot reach a server that hangs.
        let link = self.asked(path, |path| fs::symlink_metadata(path))?;
        if !link.is_symlink() {
            return Some(link);
        }
        let target = self.asked(path, |path| fs::read_link(path))?;
        let target = path.parent().unwrap_or(path).join(target);
        // Only this last link is resolved here. The file system behind it must answer, too.
        self.asked(&target, |_| fs::metadata(path))
    }

    /// The names in a directory; empty if no directory is there.
    pub(super) fn names(&mut self, path: &Path) -> Vec<OsString> {
        let read = |path: &Path| {
            fs::read_dir(path)?
                .map(|entry| Ok(entry?.file_name()))
                .collect()
        };
        self.asked(path, read).unwrap_or_default()
    }

    /// The text of a file; `None` if no file is there.
    pub(super) fn text(&mut self, path: &Path) -> Option<Vec<u8>> {
        if !self.answers(path) {
            return None;
        }
        match file::read(path) {
            Ok(text) => text,
            Err(unread) => {
                self.complain(unread);
                None
            }
        }
    }

    /// The path without symbolic links, as far as they can be followed.
    pub(super) fn real(&mut self, path: &Path) -> PathBuf {
        let mut known = path;
        let mut rest = Vec::new();
        loop {
            if !self.answers(known) {
                return path.to_owned();
            }
            // realpath(3) fails at a name that does not exist. So the part that exists is resolved,
            // and the other names are added to it.
            if let Ok(real) = fs::canonicalize(known) {
                return rest.iter().rev().fold(real, |real, name| real.join(name));
            }
            let (Some(parent), Some(name)) = (known.parent(), known.file_name()) else {
                return path.to_owned();
            };
            rest.push(name);
            known = parent;
        }
    }

    pub(super) fn complain(&mut self, unread: Unread) {
        if !self.unread.contains(&unread) {
            self.unread.push(unread);
        }
    }

    fn asked<T>(&mut self, path: &Path, ask: impl Fn(&Path) -> io::Result<T>) -> Option<T> {
        if !self.answers(path) {
            return None;
        }
        match ask(path) {
            Ok(answer) => Some(answer),
            Err(error) if is_missing(&error) => None,
            Err(error) => {
                self.complain(Unread::io(path, &error));
                None
            }
        }
    }

    /// Whether the file system that holds a path answers at once. If it may not, `unread` says so,
    /// once for each mount.
    fn answers(&mut self, path: &Path) -> bool {
        // The mount table is asked and not statfs(2): a call on the path would wait for the server
        // itself.
        let Some(mount) = self.table.mount_of(path) else {
            return true;
        };
        let point = mount.mount_point();
        let kind = mount.fs_type();
        let may_wait = MAY_WAIT
            .iter()
            .any(|start| kind.as_bytes().starts_with(start));
        // The root file system has answered before: this program was read from somewhere.
        if !may_wait || &*point == Path::new("/") {
            return true;
        }
        let why = format!(
            "{} is mounted there and may not answer",
            kind.to_string_lossy()
        );
        let point = point.into_owned();
        self.complain(Unread::new(&point, why));
        false
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        // ENOTDIR: a name on the way is a file, so the path does not exist either.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
