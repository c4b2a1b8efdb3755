//! Reads the state of a data root: the mount table, the record, and the mount that is visible
//! there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mountscan::{MountTable, Row, UniqueMountId};

use crate::data_root::options::DataRootOptions;
use crate::data_root::ownership::{Mounted, Ownership, SelfBind, is_self_bind, recognise};
use crate::data_root::record::{Record, RecordFile};
use crate::data_root::record_file::RecordStore;
use crate::data_root::status::{Holder, Status};
use crate::error::{Error, ErrorKind};
use crate::limit::{ANSWER_LIMIT, within};
use crate::look::{Ids, Seen, look, mount_of};
use crate::mount::{Facts, MountRef, Same, same};
use crate::path::{open_directory, resolve_root};
use crate::path_text::shown;
use crate::table::read_table;

/// How often the state is read if it changes while it is read.
const READ_TRIES: u32 = 5;

/// The state of a data root, with the table and the records that it was read from.
pub(crate) struct View {
    pub(crate) status: Status,
    pub(crate) table: MountTable,
    pub(crate) original: RecordFile,
    pub(crate) copy: RecordFile,
    /// Whether the copy in the data root is the record that proves ownership.
    pub(crate) by_copy: bool,
    /// `None` if it cannot be read and no record needs it.
    boot_id: Option<String>,
}

/// Says what is mounted at a data root and who owns it. Changes nothing.
///
/// # Errors
///
/// [`ErrorKind::BadRoot`] if the root is relative, `/`, missing or no directory, or the exec
/// root is relative; [`ErrorKind::NoAnswer`] if a filesystem on the way does not answer in five
/// seconds; [`ErrorKind::Table`] if the mount table cannot be read, or does not show the mount
/// that holds the root (in a chroot); [`ErrorKind::Record`] if the record is there but cannot
/// be read. An ill-formed record is no error: see [`Ownership::Corrupt`].
pub fn status(options: &DataRootOptions) -> Result<Status, Error> {
    Ok(View::read(options)?.status)
}

impl View {
    /// Reads the state, with a limit: the root may lie on a server that does not answer.
    pub(crate) fn read(options: &DataRootOptions) -> Result<Self, Error> {
        if !options.exec_root.is_absolute() {
            // The next start would look for the record elsewhere.
            let exec_root = &options.exec_root;
            let text = format!("exec root {:?} is not an absolute path", shown(exec_root));
            return Err(Error::new(ErrorKind::BadRoot, text).at(exec_root));
        }
        let root = resolve_root(&options.root)?;
        let asked = options.clone();
        let read = within(ANSWER_LIMIT, move || Self::read_steady(&asked, &root));
        read.unwrap_or_else(|| Err(Error::no_answer("open", &options.root)))
    }

    /// Reads again while the table and the look do not agree: a mount at the root can come or
    /// go between them.
    fn read_steady(options: &DataRootOptions, root: &Path) -> Result<Self, Error> {
        for _ in 1..READ_TRIES {
            match Self::read_once(options, root) {
                Err(e) if e.kind() == ErrorKind::Table => {}
                result => return result,
            }
        }
        Self::read_once(options, root)
    }

    fn read_once(options: &DataRootOptions, root: &Path) -> Result<Self, Error> {
        // The table before the look: a mount that came in between is noticed, because the table
        // lacks its id.
        let table = read_table(&options.mountinfo)?;
        let store = RecordStore {
            exec_root: &options.exec_root,
            data_root: root,
        };
        let (original, copy) = (store.read_original()?, store.read_copy());
        let boot_id = read_boot_id(&options.boot_id);
        let needs_it = [&original, &copy].map(|r| matches!(r, RecordFile::Written(_)));
        // Without a record the boot id is not needed. So a machine without that file can still
        // be looked at.
        let boot_id = match needs_it.contains(&true) {
            true => Some(boot_id?),
            false => boot_id.ok(),
        };
        let (ids, is_root) = visible_at(root)?;
        let row = find_holder(&table, root, ids)?;
        let is_mounted = row.mount_point() == root;
        // The look gave a unique id only if the root is the root of a mount, so it belongs to
        // this row only then.
        let holder = holder(row, root, ids.unique_id.filter(|_| is_mounted && is_root));
        let self_bind = match is_mounted {
            true => is_self_bind(row, table.parent(row)),
            false => SelfBind::No,
        };
        let mounted = is_mounted.then(|| Mounted {
            mount: holder.mount.clone(),
            shared: row.shared().is_some(),
            self_bind,
        });
        let whose = |file| recognise(file, boot_id.as_deref(), root, mounted.as_ref());
        let (by_original, by_copy) = (whose(&original), whose(&copy));
        // Only a record of ours counts in the copy: moby writes nothing there.
        let is_copy = !by_original.is_ours() && by_copy == Ownership::Ours;
        let status = Status {
            root: root.to_path_buf(),
            holder,
            is_mounted,
            stacked: table.at(root).len(),
            self_bind,
            ownership: if is_copy { by_copy } else { by_original },
        };
        Ok(Self {
            status,
            table,
            original,
            copy,
            by_copy: is_copy,
            boot_id,
        })
    }

    /// Whether a record is of this boot. If the id of this boot cannot be read, the answer is
    /// yes.
    pub(crate) fn is_of_this_boot(&self, record: &Record) -> bool {
        self.boot_id.as_ref().is_none_or(|id| record.boot_id == *id)
    }

    /// Whether the mount of a record may be in the table.
    pub(crate) fn is_mounted(&self, record: &Record) -> bool {
        // In doubt it is there: a record that is removed too early makes our mount a stranger.
        let may_be_it = |row: Row<'_>| same(&record.facts(), &Facts::from(row)) != Same::No;
        let there = self.table.at(&record.path);
        there.into_iter().any(may_be_it)
    }

    /// The record of the mount that is at the root now.
    pub(crate) fn record_of_holder(&self) -> Result<Record, Error> {
        let mount = &self.status.holder.mount;
        self.record(Some(Ids {
            mount_id: mount.mount_id,
            unique_id: mount.unique_id,
        }))
    }

    /// The record of a mount of the root onto itself, with its ids if they are known.
    pub(crate) fn record(&self, ids: Option<Ids>) -> Result<Record, Error> {
        let root = &self.status.root;
        let boot_id = self.boot_id.clone().ok_or_else(|| {
            let text = "the boot id cannot be read, which the ownership record needs";
            Error::new(ErrorKind::Record, text).at(root)
        })?;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Record {
            boot_id,
            path: root.clone(),
            device: self.status.holder.mount.device,
            root: self.status.holder.shows.clone(),
            mount_id: ids.map(|ids| ids.mount_id),
            unique_id: ids.and_then(|ids| ids.unique_id),
            time: since_1970.map_or(0, |d| d.as_secs()),
        })
    }

    /// Removes a record of this root and boot whose mount is gone, because it has no meaning
    /// any more. Also removes moby's marker if nothing is mounted.
    pub(crate) fn forget_dead(&self, store: &RecordStore<'_>) -> Result<(), Error> {
        let is_dead = |record: &Record| {
            self.is_of_this_boot(record)
                && record.path == self.status.root
                && !self.is_mounted(record)
        };
        match (&self.original, &self.copy) {
            (RecordFile::Written(record), _) if is_dead(record) => store.remove(),
            (RecordFile::Absent, RecordFile::Written(record)) if is_dead(record) => store.remove(),
            (RecordFile::Moby, _) if !self.status.is_mounted => store.remove_original(),
            _ => Ok(()),
        }
    }
}

/// The mount in which a look-up of the root ends, and whether the root is the root of that
/// mount.
fn visible_at(root: &Path) -> Result<(Ids, bool), Error> {
    let refuse = |e| {
        let text = format!("open({:?})", shown(root));
        Error::new(ErrorKind::BadRoot, text).at(root).because(e)
    };
    let fd = open_directory(root).map_err(refuse)?;
    match look(&fd, OsStr::new("")).map_err(refuse)? {
        Seen::Mount(ids) => Ok((ids, true)),
        Seen::NoMount | Seen::Nothing => {
            let ids = Ids {
                mount_id: mount_of(&fd).map_err(refuse)?,
                unique_id: None,
            };
            Ok((ids, false))
        }
    }
}

/// The row of the mount that holds the root. It is found by the id that the kernel gave, not by
/// the paths in the table.
fn find_holder<'t>(table: &'t MountTable, root: &Path, ids: Ids) -> Result<Row<'t>, Error> {
    let id = ids.mount_id;
    let row = table.by_id(id);
    // The id may be in the table at another place: the mount was moved, or the id was used
    // again since.
    row.filter(|row| root.starts_with(row.mount_point()))
        .ok_or_else(|| {
            let root_text = shown(root);
            let text =
                format!("the mount table does not show the mount {id} that holds {root_text:?}");
            Error::new(ErrorKind::Table, text).at(root)
        })
}

fn holder(row: Row<'_>, root: &Path, unique_id: Option<UniqueMountId>) -> Holder {
    let mount = MountRef {
        unique_id,
        ..MountRef::from(row)
    };
    let mut shows = mount.root.clone();
    let inside = root.strip_prefix(&mount.mount_point).ok();
    if let Some(inside) = inside.filter(|p| !p.as_os_str().is_empty()) {
        shows.push(inside);
    }
    Holder {
        mount,
        shows,
        propagation: row.propagation(),
    }
}

fn read_boot_id(path: &PathBuf) -> Result<String, Error> {
    let refuse = |what: &str| {
        let text = format!("read({:?}){what}", shown(path));
        Error::new(ErrorKind::Record, text).at(path)
    };
    let text = std::fs::read_to_string(path).map_err(|e| refuse("").because(e))?;
    let id = text.trim();
    // It becomes a word in the record, so it must hold nothing that would need an escape.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match !id.is_empty() && id.len() <= 64 && id.bytes().all(is_plain) {
        true => Ok(id.to_owned()),
        false => Err(refuse(": what is there is not a boot id")),
    }
}
