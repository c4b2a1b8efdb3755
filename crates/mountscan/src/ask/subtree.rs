//! Tells what is mounted at one path or below it. It costs what the answer holds, not what the
//! table holds.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use crate::ask::by_ids;
use crate::ask::resolve::{path_of, place};
use crate::ask::thread::mountinfo_of;
use crate::error::{Error, ErrorKind};
use crate::ids::{MountId, UniqueMountId};
use crate::kernel::identity::{MountIdentity, identity_at, unique_at};
use crate::kernel::procfs::Proc;
use crate::kernel::queries::{self, KernelQueries, Scope, Shown};
use crate::kernel::statmount;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::row::stream::for_each_row;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Detail, Origin, ReadOptions};

/// How often a mount may be replaced meanwhile before this gives up.
const TRIES: usize = 16;
/// A subtree of at most this many mounts is asked about without a comparison of costs.
const FEW: usize = 64;

impl MountTable {
    /// Reads the mounts that are at `path` or below it now, in the calling thread's namespace.
    ///
    /// It has the same rows, in the same order, as a whole table has for the top mount at `path`
    /// and its descendants. Mounts that other mounts hide are not among them, such as leftovers
    /// under a mount over a directory above them. To see those, read the whole table. Links in
    /// `path` are resolved.
    ///
    /// On Linux 6.13 and later the kernel is asked for that subtree alone, with unique ids, unless
    /// a whole table is cheaper. On older kernels the whole table is read, and other mounts are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such path; else as [`current`](Self::current).
    pub fn under_now(path: &Path, detail: Detail) -> Result<Self, Error> {
        let file = place(path)?;
        let holder = identity_at(&file, Path::new(""))?;
        let canonical = path_of(&file)?;
        drop(file); // it would keep the mount busy
        let asks = KernelQueries::cached() >= KernelQueries::Rows;
        if let Some(id) = holder.unique_id.filter(|_| asks) {
            if let Some(table) = by_kernel(id.0, &canonical, detail)? {
                return Ok(table);
            }
        }
        // The whole table also has hidden mounts, which the answer must not have.
        let mut table = MountTable::current()?;
        table.keep_visible_under(&canonical);
        let top = None;
        let path = canonical;
        Ok(table.read_as(Origin::Under { path, detail, top }))
    }

    /// Keeps the mounts that are at or below `path` and that hang below the mount that holds it.
    fn keep_visible_under(&mut self, path: &Path) {
        let mut keep = vec![false; self.len()];
        if let Some(holder) = self.mount_of(path) {
            let below = self.descendants(holder).chain([holder]);
            for row in below.filter(|row| row.mount_point().starts_with(path)) {
                keep[row.place()] = true;
            }
        }
        self.retain(&keep);
    }
}

/// The subtree by listmount and statmount. `None` if the whole table by text is cheaper.
fn by_kernel(id: u64, path: &Path, detail: Detail) -> Result<Option<MountTable>, Error> {
    let scope = Scope::under(id, path);
    // The mount went meanwhile, or we may not ask about it. The text has the answer.
    let text_knows =
        |error: &Error| queries::is_refused(error) || error.raw_os_error() == Some(libc::ENOENT);
    let listed = match queries::list(&scope, 0) {
        Err(error) if text_knows(&error) => return Ok(None),
        listed => listed?,
    };
    // To ask for places alone is always cheaper: the text would bring the long options of overlays.
    if listed.len() > FEW && detail == Detail::Everything {
        let all = queries::list(&Scope::OWN, listed.len())?.len();
        // A row that is asked for alone costs about twice as much as one that is read in the table.
        if listed.len() > all / 2 {
            return Ok(None);
        }
    }
    let origin = Origin::Under {
        path: path.to_owned(),
        detail,
        top: Some(id),
    };
    match by_ids::ask_all(&scope, listed, ReadOptions::new().attempts, origin) {
        Err(error) if text_knows(&error) => Ok(None),
        filled => filled.map(Some),
    }
}

/// The row of the mount on which `path` is now, as a look-up in the calling thread's namespace
/// finds it.
///
/// It costs one `statx` and one `statmount`, however large the table is (Linux 6.13). On older
/// kernels mountinfo is read up to the row. A link in the last component is not followed. Nothing
/// mounted is touched.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] when there is no such path; [`ErrorKind::Unstable`] when the mount was
/// replaced again and again; else as [`identity_at`].
///
/// # Examples
///
/// ```
/// let root = mountscan::mount_at("/".as_ref()).unwrap();
/// println!("{:?} on / type {:?}", root.source, root.fs_type);
/// ```
pub fn mount_at(path: &Path) -> Result<MountInfo, Error> {
    for _ in 0..TRIES {
        // The mount may go between the two questions. Then another one is at the path now.
        if let Some(info) = info_of(path, &identify(path)?)? {
            return Ok(info);
        }
    }
    Err(replaced(path))
}

/// The row of the top mount whose mount point is `path`. `None` if the path is no mount point or is
/// missing.
///
/// It is [`mount_at`] and [`is_mount_point`](crate::is_mount_point) in one call.
///
/// # Errors
///
/// As [`mount_at`]; a missing path is an answer and no error.
pub fn mount_point_at(path: &Path) -> Result<Option<MountInfo>, Error> {
    for _ in 0..TRIES {
        let identity = match identify(path) {
            Ok(identity) if identity.is_mount_root => identity,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(info) = info_of(path, &identity)? {
            return Ok(Some(info));
        }
    }
    Err(replaced(path))
}

fn replaced(path: &Path) -> Error {
    Error::unstable(format!("mount at {path:?}: replaced {TRIES} times"))
}

/// Identifies the mount at a path, with as few calls as its row needs.
fn identify(path: &Path) -> Result<MountIdentity, Error> {
    if KernelQueries::cached() >= KernelQueries::Rows {
        if let Some(identity) = unique_at(path)? {
            return Ok(identity);
        }
    }
    identity_at(rustix::fs::CWD, path)
}

/// The row of the mount at a path, or `None` if it is gone.
fn info_of(path: &Path, identity: &MountIdentity) -> Result<Option<MountInfo>, Error> {
    let asked = identity
        .unique_id
        .filter(|_| KernelQueries::cached() >= KernelQueries::Rows);
    match asked.map(row_by_kernel) {
        // A filter came after the first probe. The text needs the other id, so it is asked for.
        Some(Err(error)) if queries::is_refused(&error) => {
            row_by_text(&identity_at(rustix::fs::CWD, path)?)
        }
        Some(row) => row,
        None => row_by_text(identity),
    }
}

fn row_by_kernel(id: UniqueMountId) -> Result<Option<MountInfo>, Error> {
    row_in(&Scope::OWN, id)
}

/// The row of a mount; `None` if the mount is gone, or no path leads to it.
pub(crate) fn row_in(scope: &Scope, id: UniqueMountId) -> Result<Option<MountInfo>, Error> {
    let (mut buffer, mut text) = (Vec::new(), Vec::with_capacity(512));
    match queries::append_row(scope, id.0, statmount::EVERYTHING, &mut buffer, &mut text)? {
        Shown::Row => {
            let mut info = Row::parse(&text).ok().map(MountInfo::from);
            if let Some(info) = &mut info {
                info.unique_id = Some(id);
            }
            Ok(info)
        }
        Shown::Gone | Shown::OutOfReach => Ok(None),
    }
}

fn row_by_text(identity: &MountIdentity) -> Result<Option<MountInfo>, Error> {
    let wanted: MountId = identity
        .mount_id
        .ok_or_else(|| queries::unsupported("find the mount of a path", "5.8"))?;
    let proc = Proc::default().open()?;
    // Without statmount, only the text has the row. Reading stops as soon as it comes.
    let file = proc.file(mountinfo_of(&proc)?)?;
    for_each_row(BufReader::with_capacity(2048, file), |row| match row {
        Ok(row) if row.mount_id() == wanted => ControlFlow::Break(MountInfo::from(row)),
        _ => ControlFlow::Continue(()),
    })
}
