//! The data root: whose mount is there, and what is to be done. Reads, decides.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use mountscan::{Device, MountId, MountTable, Propagation, Row, UniqueMountId};

use crate::data_root::ownership::{
    Mounted, Ownership, RecordFile, SelfBind, is_self_bind, recognise,
};
use crate::data_root::record_file::RecordStore;
use crate::error::{Error, ErrorKind};
use crate::mount::{Seen, look};
use crate::path::{open_directory, resolve_root};
use crate::path_text::shown;
use crate::table::{MOUNTINFO, read_table};
use crate::unmount::execute::Detach;

/// How often the state is read when it changes meanwhile.
const READ_TRIES: u32 = 5;

/// Where a data root is and where what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataRootOptions {
    /// The data root: an absolute path of a directory. Symlinks are resolved.
    pub root: PathBuf,
    /// The exec root, where the ownership record is: an absolute path. Made with mode
    /// 0700 when a record is written.
    pub exec_root: PathBuf,
    /// What to do in a release when the root is busy.
    pub detach: Detach,
    /// The mount table of the calling thread.
    pub mountinfo: PathBuf,
    /// The file with the id of this boot.
    pub boot_id: PathBuf,
}

impl DataRootOptions {
    /// Options for a data root and an exec root, everything else as the kernel has it.
    pub fn new(root: impl Into<PathBuf>, exec_root: impl Into<PathBuf>) -> DataRootOptions {
        DataRootOptions {
            root: root.into(),
            exec_root: exec_root.into(),
            detach: Detach::default(),
            mountinfo: PathBuf::from(MOUNTINFO),
            boot_id: PathBuf::from("/proc/sys/kernel/random/boot_id"),
        }
    }
}

/// The state of a data root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The data root, without symlinks.
    pub root: PathBuf,
    /// The mount that holds it: the one at the root, or one above.
    pub holder: Holder,
    /// Whether something is mounted at the root itself.
    pub is_mounted: bool,
    /// How many mounts are stacked at the root.
    pub stacked: usize,
    /// Whether the mount at the root is the root bound onto itself.
    pub self_bind: SelfBind,
    /// Whose the mount is.
    pub ownership: Ownership,
}

/// The mount that holds a data root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its id; reused once it is gone.
    pub mount_id: MountId,
    /// Its unique id, where the kernel has it (6.8), if it is mounted at the root.
    pub unique_id: Option<UniqueMountId>,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// Device of the filesystem.
    pub device: Device,
    /// The directory of the filesystem that it shows at the data root.
    pub shows: PathBuf,
    /// How mounts below it spread.
    pub propagation: Propagation,
}

/// What is to be done so that mounts below the root spread to other namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: they do already.
    Nothing,
    /// Nothing: the mount of an earlier start is there.
    KeepOurs,
    /// The mount of an earlier start is there, but not yet shared.
    FinishOurs,
    /// The administrator's mount at the root is made shared, as moby does.
    MakeShared,
    /// The root is bound onto itself.
    Bind,
}

/// The state of a data root with what it was read from.
pub(crate) struct View {
    pub(crate) status: Status,
    pub(crate) table: MountTable,
    pub(crate) boot_id: String,
    pub(crate) original: RecordFile,
    pub(crate) copy: RecordFile,
    /// Whether the record that says so is the copy in the data root.
    pub(crate) by_copy: bool,
}

/// Says what is mounted at a data root and whose it is. Changes nothing.
///
/// # Errors
///
/// [`ErrorKind::BadRoot`] if the root is relative, `/`, missing or no directory, or the
/// exec root is relative; [`ErrorKind::Table`] if the mount table cannot be read, or does not show what
/// holds the root (a chroot); [`ErrorKind::Record`] if the record is there but
/// cannot be read. An ill-formed record is no error: see [`Ownership::Corrupt`].
pub fn status(options: &DataRootOptions) -> Result<Status, Error> {
    let root = resolve_root(&options.root)?;
    Ok(View::read(options, root)?.status)
}

impl View {
    pub(crate) fn read(options: &DataRootOptions, root: PathBuf) -> Result<View, Error> {
        if !options.exec_root.is_absolute() {
            // The next start would look for the record elsewhere.
            let exec_root = &options.exec_root;
            let text = format!("exec root {:?} is not an absolute path", shown(exec_root));
            return Err(Error::new(ErrorKind::BadRoot, text).at(exec_root));
        }
        // A mount at the root can come or go between the table and the look.
        for _ in 1..READ_TRIES {
            match View::read_once(options, &root) {
                Err(e) if e.kind() == ErrorKind::Table => {}
                result => return result,
            }
        }
        View::read_once(options, &root)
    }

    fn read_once(options: &DataRootOptions, root: &Path) -> Result<View, Error> {
        let table = read_table(&options.mountinfo)?;
        let boot_id = read_boot_id(&options.boot_id)?;
        let store = RecordStore {
            exec_root: &options.exec_root,
            data_root: root,
        };
        let original = store.read_original()?;
        let copy = store.read_copy();
        let (mount_id, unique_id) = visible_at(root)?;
        let row = find_holder(&table, root, mount_id)?;
        let is_mounted = row.mount_point() == root;
        let holder = holder(row, root, unique_id.filter(|_| is_mounted));
        let self_bind = if is_mounted {
            is_self_bind(row, table.parent(row))
        } else {
            SelfBind::No
        };
        let mounted = is_mounted.then(|| Mounted {
            mount_id: holder.mount_id,
            unique_id: holder.unique_id,
            device: holder.device,
            root: holder.shows.clone(),
            shared: row.shared().is_some(),
            self_bind,
        });
        let by_original = recognise(&original, &boot_id, root, mounted.as_ref());
        let by_copy = recognise(&copy, &boot_id, root, mounted.as_ref());
        // Only a record of ours counts in the copy: moby writes nothing there.
        let is_copy = !by_original.is_ours() && by_copy == Ownership::Ours;
        let ownership = if is_copy { by_copy } else { by_original };
        let stacked = table.at(root).len();
        let status = Status {
            root: root.to_path_buf(),
            holder,
            is_mounted,
            stacked,
            self_bind,
            ownership,
        };
        Ok(View {
            status,
            table,
            boot_id,
            original,
            copy,
            by_copy: is_copy,
        })
    }
}

/// What `prepare` is to do.
pub(crate) fn decide(status: &Status) -> Need {
    let shared = is_shared(status.holder.propagation);
    match status {
        Status {
            is_mounted: true,
            ownership,
            ..
        } if ownership.is_ours() => {
            if shared {
                Need::KeepOurs
            } else {
                Need::FinishOurs
            }
        }
        _ if shared || is_slave(status.holder.propagation) => Need::Nothing,
        Status {
            is_mounted: true, ..
        } => Need::MakeShared,
        _ => Need::Bind,
    }
}

fn is_shared(propagation: Propagation) -> bool {
    matches!(
        propagation,
        Propagation::Shared(_) | Propagation::SharedSlave { .. }
    )
}

fn is_slave(propagation: Propagation) -> bool {
    matches!(propagation, Propagation::Slave { .. })
}

/// The mount that a look-up of the root ends in, as the kernel has it.
fn visible_at(root: &Path) -> Result<(MountId, Option<UniqueMountId>), Error> {
    let refuse = |e| {
        Error::new(
            ErrorKind::BadRoot,
            format!("open data root {:?}", shown(root)),
        )
        .at(root)
        .because(e)
    };
    let fd = open_directory(root).map_err(refuse)?;
    match look(&fd, OsStr::new("")).map_err(refuse)? {
        Seen::Mount {
            mount_id,
            unique_id,
        } => Ok((mount_id, unique_id)),
        _ => Ok((crate::mount::mount_of(&fd).map_err(refuse)?, None)),
    }
}

/// The row of the mount that holds the root: the kernel's answer, if the table has
/// that mount, and not what the table's paths suggest.
fn find_holder<'t>(
    table: &'t MountTable,
    root: &Path,
    mount_id: MountId,
) -> Result<Row<'t>, Error> {
    let found = table
        .by_id(mount_id)
        .filter(|row| root.starts_with(row.mount_point()));
    found.ok_or_else(|| {
        let text = format!(
            "the mount table does not show the mount {mount_id} that holds {:?}",
            shown(root)
        );
        Error::new(ErrorKind::Table, text).at(root)
    })
}

fn holder(row: Row<'_>, root: &Path, unique_id: Option<UniqueMountId>) -> Holder {
    let mount_point = row.mount_point().into_owned();
    let mut shows = row.root().into_owned();
    if let Some(inside) = root
        .strip_prefix(&mount_point)
        .ok()
        .filter(|p| !p.as_os_str().is_empty())
    {
        shows.push(inside);
    }
    Holder {
        mount_id: row.mount_id(),
        unique_id,
        mount_point,
        device: row.device(),
        shows,
        propagation: row.propagation(),
    }
}

fn read_boot_id(path: &Path) -> Result<String, Error> {
    let describe = || format!("read the boot id {:?}", shown(path));
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::new(ErrorKind::Record, describe())
            .at(path)
            .because(e)
    })?;
    let id = text.trim();
    let is_id = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_id {
        Ok(id.to_owned())
    } else {
        Err(Error::new(ErrorKind::Record, describe() + ": it is not one").at(path))
    }
}

impl Holder {
    /// The propagation in the words of mount_namespaces(7).
    pub(crate) fn propagation_word(&self) -> &'static str {
        match self.propagation {
            Propagation::Shared(_) => "shared",
            Propagation::SharedSlave { .. } => "shared and slave",
            Propagation::Slave { .. } => "slave",
            Propagation::Unbindable => "unbindable",
            _ => "private",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.is_mounted {
            "a mount of its own"
        } else {
            "part of the mount"
        };
        let spread = self.holder.propagation_word();
        write!(
            f,
            "{}: {at} ({}, mount {}, {spread})",
            shown(&self.root),
            shown(&self.holder.mount_point),
            self.holder.mount_id
        )?;
        if self.is_mounted && self.self_bind == SelfBind::Yes {
            f.write_str("; bound onto itself")?;
        }
        if self.stacked > 1 {
            write!(f, "; {} mounts stacked", self.stacked)?;
        }
        let whose = if self.ownership.is_ours() {
            "ours"
        } else {
            "not ours"
        };
        write!(f, "; {whose}: {}", self.ownership)
    }
}
