//! A list of mount ids. Rows are asked for only when they are wanted.

use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::ask::by_ids::ask_once;
use crate::ask::resolve::{path_of, place};
use crate::ask::subtree::row_in;
use crate::error::{Error, ErrorKind};
use crate::ids::UniqueMountId;
use crate::kernel::identity::identity_at;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::{statmount, sys};
use crate::row::mount_info::MountInfo;
use crate::row::point::is_at_or_below;
use crate::table::mount_table::MountTable;
use crate::table::origin::Detail;

/// The mounts of a namespace as a list of unique ids (Linux 6.8): the cheapest knowledge about a
/// table.
///
/// One `listmount` makes the list: 80 µs for 1 000 mounts. To read the table takes two
/// milliseconds. Each row costs one `statmount` when it is asked for (Linux 6.13). For all rows, or
/// for questions about structure, read a [`MountTable`].
///
/// The kernel also lists mounts to which no path leads from the root directory. They count here,
/// and have no row.
///
/// # Examples
///
/// ```
/// use mountscan::{ErrorKind, MountList};
/// match MountList::newest(3) {
///     Ok(list) => for row in list.rows() {
///         println!("{:?}", row?.mount_point);
///     },
///     Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
/// }
/// # Ok::<(), mountscan::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MountList {
    scope: Scope,
    ids: Vec<u64>,
}

impl MountList {
    /// Lists the mounts that the calling thread can reach, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] before Linux 6.8, or when a filter of system calls refuses.
    ///
    /// # References
    ///
    /// `listmount(2)`.
    #[doc(alias = "listmount")]
    pub fn current() -> Result<Self, Error> {
        needs(KernelQueries::Ids, "6.8")?;
        Self::of(Scope::OWN)
    }

    /// Lists the newest mounts that the calling thread can reach, at most `count`, the newest
    /// first.
    ///
    /// # Errors
    ///
    /// As [`current`](Self::current).
    pub fn newest(count: usize) -> Result<Self, Error> {
        needs(KernelQueries::Ids, "6.8")?;
        let scope = Scope::OWN;
        let ids = queries::list_newest(&scope, count).map_err(missing)?;
        Ok(Self { scope, ids })
    }

    /// Lists the mounts of a mount namespace, the oldest first. The namespace is given as an open
    /// file such as `/proc/PID/ns/mnt`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] before Linux 6.11; [`ErrorKind::NotFound`] or
    /// [`ErrorKind::Denied`] without `CAP_SYS_ADMIN` over the namespace.
    pub fn of_namespace(namespace: BorrowedFd<'_>) -> Result<Self, Error> {
        needs(KernelQueries::Namespaces, "6.11")?;
        let id = sys::namespace_id(namespace)
            .map_err(|cause| Error::io("ioctl(NS_GET_MNTNS_ID)", cause))?;
        Self::of(Scope::namespace(id))
    }

    fn of(scope: Scope) -> Result<Self, Error> {
        let ids = queries::list(&scope, 0).map_err(missing)?;
        Ok(Self { scope, ids })
    }

    /// How many mounts there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, in the order of the list.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = UniqueMountId> + DoubleEndedIterator + '_ {
        self.ids.iter().copied().map(UniqueMountId)
    }

    /// The row of a mount as it is now. `None` if the mount is gone, or no path leads to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] before Linux 6.13; otherwise the error of the kernel.
    pub fn row(&self, id: UniqueMountId) -> Result<Option<MountInfo>, Error> {
        needs(KernelQueries::Rows, "6.13")?;
        row_in(&self.scope, id)
    }

    /// The rows as a table, the oldest first, with their unique ids and id maps. The table knows
    /// the structure of these rows only.
    ///
    /// # Errors
    ///
    /// As [`row`](Self::row).
    pub fn table(&self) -> Result<MountTable, Error> {
        needs(KernelQueries::Rows, "6.13")?;
        // A table looks up unique ids by bisection, and a list may have the newest first.
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        let mut table = ask_once(&self.scope, &ids)?;
        table.ask_for_id_maps_in(&self.scope);
        Ok(table)
    }

    /// The rows. Each is asked for when the iterator comes to it. Mounts that went meanwhile are
    /// left out.
    pub fn rows(&self) -> impl Iterator<Item = Result<MountInfo, Error>> + '_ {
        self.ids().filter_map(|id| self.row(id).transpose())
    }
}

/// Whether a mount lies at `path` or below it now, as a look-up in the calling thread's namespace
/// finds it.
///
/// Mounts that other mounts hide do not count. Links in `path` are resolved. On Linux 6.13 and
/// later, the mounts below the one that holds `path` are asked for their place, the newest first,
/// until one lies there. On older kernels the table is read.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] when there is no such path; else as [`MountTable::under_now`].
///
/// # Examples
///
/// ```
/// assert!(mountscan::has_mounts_under("/".as_ref())?);
/// # Ok::<(), mountscan::Error>(())
/// ```
pub fn has_mounts_under(path: &Path) -> Result<bool, Error> {
    let file = place(path)?;
    let holder = identity_at(&file, Path::new(""))?;
    // The path itself is a mount point: nothing more has to be asked.
    if holder.is_mount_root {
        return Ok(true);
    }
    let canonical = path_of(&file)?;
    drop(file); // it would keep the mount busy
    let asks = KernelQueries::cached() >= KernelQueries::Rows;
    if let Some(id) = holder.unique_id.filter(|_| asks) {
        if let Some(answer) = ask_each(id.0, &canonical)? {
            return Ok(answer);
        }
    }
    let table = MountTable::under_now(&canonical, Detail::Places)?;
    Ok(!table.is_empty())
}

/// Asks about the mounts below a mount, one by one. `None` if the table has to be read instead.
fn ask_each(holder: u64, path: &Path) -> Result<Option<bool>, Error> {
    /// A place costs a tenth of a row of the table. To ask about more mounts than this costs more
    /// than to read the table.
    const MANY: usize = 10_000;
    let scope = Scope {
        root: holder,
        ..Scope::OWN
    };
    // Leftovers and running containers are newer than the mounts of the system, so the newest are
    // asked first.
    let ids = match queries::list_newest(&scope, MANY + 1) {
        Ok(ids) if ids.len() <= MANY => ids,
        // The holder went meanwhile, or a filter refuses. The table has the answer.
        _ => return Ok(None),
    };
    let mut buffer = Vec::new();
    for id in ids {
        match queries::ask(&scope, id, statmount::MNT_POINT, &mut buffer) {
            Ok(answer) => {
                let point = answer.mount_point().unwrap_or_default();
                if is_at_or_below(point, path.as_os_str().as_bytes()) {
                    return Ok(Some(true));
                }
            }
            // It went meanwhile.
            Err(cause) if cause.raw_os_error() == Some(libc::ENOENT) => {}
            // The kernel refuses the question. The table has the answer.
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(false))
}

fn needs(what: KernelQueries, since: &str) -> Result<(), Error> {
    if KernelQueries::cached() >= what {
        return Ok(());
    }
    Err(queries::unsupported("list mounts", since))
}

/// A filter may come after the first probe. It then has the same effect as a kernel without the
/// call.
fn missing(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => error.with_kind(ErrorKind::Unsupported),
        _ => error,
    }
}
