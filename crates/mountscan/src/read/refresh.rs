//! Brings a held table up to date, by a list of ids or by reading everything again.

use crate::ask::by_ids;
use crate::error::{Error, ErrorKind};
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::table::changes::Changes;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions, Source};

/// How much a refresh looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refresh {
    /// Only which mounts exist. New ones are asked about, and gone ones are dropped. Held rows are
    /// kept. Only a held row that a new or a gone mount contradicts is asked about again.
    Existence,
    /// Everything is read again.
    Everything,
}

impl MountTable {
    /// Brings a table that was read from the kernel up to date, and returns what happened since.
    ///
    /// [`Refresh::Existence`] costs one `listmount` (0.3 to 0.9 ms for 10 000 mounts) on Linux 6.13
    /// and later. It costs one `statmount` for each new mount, and one for each held mount that
    /// lies at a new one's place. It does not notice changes of mounts that stay: a move of a mount
    /// or of a directory above it, a remount, a change of propagation. [`Refresh::Everything`]
    /// notices all of them, for the price of reading the table. Before Linux 6.13, and for tables
    /// of a process, [`Refresh::Existence`] reads everything, too, unless the list of ids (Linux
    /// 6.8) shows that nothing is new.
    ///
    /// If a table has no unique ids, its first refresh reads everything, with the ids.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a table made of text or of a file. Other errors as for the
    /// reading that made the table. After an error the table is unchanged.
    pub fn refresh(&mut self, how: Refresh) -> Result<Changes, Error> {
        if matches!(self.origin(), Origin::Given) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "refresh a table that was not read from the kernel",
            ));
        }
        // Without unique ids, rows cannot be matched with a list.
        let lists = how == Refresh::Existence
            && self.has_unique_ids()
            && KernelQueries::cached() >= KernelQueries::Ids;
        if let Some(scope) = scope_of(self.origin()).filter(|_| lists) {
            match by_ids::follow(self, &scope, ReadOptions::new().attempts) {
                // A filter refuses the calls since the first probe. Procfs still answers.
                Err(error) if queries::is_refused(&error) => {}
                Err(error) => return Err(error),
                Ok(Some(changes)) => {
                    // Mounts that came since have no maps yet.
                    if self.id_maps().is_some() {
                        self.ask_for_id_maps();
                    }
                    return Ok(changes);
                }
                Ok(None) => {}
            }
        }
        // The new table replaces the old one only when it is complete, so an error changes nothing.
        let new = read_again(self)?;
        let changes = new.changes_since(self);
        *self = new;
        Ok(changes)
    }
}

/// What to list to find changes; `None` if a list cannot tell.
fn scope_of(origin: &Origin) -> Option<Scope> {
    match origin {
        Origin::Thread { namespace, .. } => Some(Scope::namespace(*namespace)),
        Origin::Namespace { id } => Some(Scope::namespace(*id)),
        Origin::Under { path, top, .. } => Some(Scope::under((*top)?, path)),
        // A process's table ends at its root directory. A list would have mounts outside of it,
        // too.
        Origin::Given | Origin::Pid { .. } => None,
    }
}

/// Reads the same table as it is now, with unique ids if the kernel gives them.
fn read_again(held: &MountTable) -> Result<MountTable, Error> {
    let mut options = ReadOptions::new();
    options.id_maps = held.id_maps().is_some();
    options.unique_ids = true;
    match held.origin() {
        Origin::Given => Ok(MountTable::default()),
        Origin::Thread { proc, .. } => {
            options.proc.clone_from(proc);
            MountTable::read(Source::Thread, &options)
        }
        Origin::Pid { proc, pid, .. } => {
            options.proc.clone_from(proc);
            // They cost one call for each mount, and the next refresh reads everything anyway.
            options.unique_ids = held.has_unique_ids();
            MountTable::read(Source::Pid(*pid), &options)
        }
        Origin::Namespace { id } => MountTable::read(Source::NamespaceId(*id), &options),
        Origin::Under { path, detail, .. } => MountTable::under_now(path, *detail),
    }
}
