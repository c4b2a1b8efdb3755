//! Asks the kernel about single mounts with listmount(2) and statmount(2), if it has them.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use crate::error::{Error, ErrorKind};
use crate::id_maps::IdMaps;
use crate::ids::UniqueMountId;
use crate::kernel::statmount::{self, Answer};
use crate::kernel::sys;
use crate::log::debug;
use crate::row::parse::decimal;
use crate::row::point::is_at_or_below;

/// What the kernel lets us ask about single mounts. A later value includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KernelQueries {
    /// Nothing. The kernel is older than Linux 6.8, or a system call filter refuses (`ENOSYS` or
    /// `EPERM`).
    Absent,
    /// Lists of unique ids (Linux 6.8). They show changes without a reading of the table.
    Ids,
    /// Also lists of other mount namespaces, by the id of the namespace (Linux 6.11).
    Namespaces,
    /// Whole rows (Linux 6.13). A subtree or a single mount costs what it holds, not what the table
    /// holds.
    Rows,
}

impl KernelQueries {
    /// Finds it out by trying, each time it is called.
    ///
    /// # References
    ///
    /// `listmount(2)`, `statmount(2)`.
    #[doc(alias = "statmount")]
    #[doc(alias = "listmount")]
    pub fn probe() -> Self {
        let mut ids = [0; 8];
        // A few mounts are enough to see which fields the kernel fills.
        let Ok(count) = sys::listmount(sys::LSMT_ROOT, 0, 0, &mut ids) else {
            return Self::Absent;
        };
        let mut buffer = Vec::new();
        let mut given = 0;
        for &id in &ids[..count] {
            let mask = statmount::SUPPORTED_MASK | statmount::EVERYTHING;
            if let Ok(answer) = ask(&Scope::OWN, id, mask, &mut buffer) {
                given |= answer.mask() | answer.supported_mask();
            }
        }
        // A mount without a source or without options does not have these bits. But one of the
        // first few mounts has them. The source came in the same release as the last field that a
        // row needs.
        if given & statmount::SB_SOURCE != 0 {
            Self::Rows
        } else if given & statmount::MNT_OPTS != 0 {
            Self::Namespaces
        } else {
            Self::Ids
        }
    }

    /// The first answer of [`probe`](Self::probe) in this process. It is kept.
    pub fn cached() -> Self {
        static FIRST: OnceLock<KernelQueries> = OnceLock::new();
        *FIRST.get_or_init(|| {
            let found = KernelQueries::probe();
            debug!(queries = ?found, "probed mount queries of the kernel");
            found
        })
    }
}

/// Which mounts are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// This mount and all mounts below it. With `LSMT_ROOT`: all mounts below the root directory.
    pub(crate) root: u64,
    /// Id of the mount namespace; 0 is the namespace of the calling thread.
    pub(crate) namespace: u64,
    /// If set, only the mounts at or below this path.
    pub(crate) within: Option<Vec<u8>>,
}

impl Scope {
    /// All mounts that the calling thread can reach.
    pub(crate) const OWN: Scope = Scope {
        root: sys::LSMT_ROOT,
        namespace: 0,
        within: None,
    };

    /// All mounts that can be reached in a namespace.
    pub(crate) fn namespace(id: u64) -> Self {
        Self {
            namespace: id,
            ..Scope::OWN
        }
    }

    /// A mount and the mounts that hang below it, as far as they are at or below a path.
    pub(crate) fn under(top: u64, path: &Path) -> Self {
        Self {
            root: top,
            namespace: 0,
            within: Some(path.as_os_str().as_bytes().to_vec()),
        }
    }

    fn shows(&self, point: &[u8]) -> bool {
        self.within
            .as_ref()
            .is_none_or(|top| is_at_or_below(point, top))
    }
}

/// The unique ids of all mounts in scope, ascending. The list is of one moment if it has fewer than
/// a million mounts.
pub(crate) fn list(scope: &Scope, expected: usize) -> Result<Vec<u64>, Error> {
    // With room for mounts that came meanwhile: a second call would show another moment.
    let mut ids = vec![0; (expected + expected / 8).max(1000)];
    loop {
        let count = list_after(scope, 0, &mut ids)?;
        if count < ids.len() {
            ids.truncate(count);
            break;
        }
        // The kernel takes no longer list, so the rest needs further calls, of later moments.
        if ids.len() >= MOST_IDS {
            list_on(scope, &mut ids)?;
            break;
        }
        let more = (ids.len() * 4).min(MOST_IDS);
        ids.resize(more, 0);
    }
    if scope.root != sys::LSMT_ROOT {
        // The kernel leaves the mount itself out. It is put in its place, because others rely on
        // ascending ids.
        let place = ids.partition_point(|&id| id < scope.root);
        ids.insert(place, scope.root);
    }
    Ok(ids)
}

/// Lists what comes after the first million mounts.
fn list_on(scope: &Scope, ids: &mut Vec<u64>) -> Result<(), Error> {
    loop {
        let filled = ids.len();
        let after = ids[filled - 1];
        ids.resize(filled + MOST_IDS, 0);
        let count = list_after(scope, after, &mut ids[filled..])?;
        ids.truncate(filled + count);
        if count < MOST_IDS {
            return Ok(());
        }
    }
}

/// The unique ids in scope that are greater than `after`, ascending, as many as fit. The scope's
/// own root is not among them.
pub(crate) fn list_after(scope: &Scope, after: u64, ids: &mut [u64]) -> Result<usize, Error> {
    sys::listmount(scope.root, scope.namespace, after, ids)
        .map_err(|cause| failed_list(scope, cause))
}

/// The unique ids of the newest mounts in scope, descending, at most `count`.
pub(crate) fn list_newest(scope: &Scope, count: usize) -> Result<Vec<u64>, Error> {
    let mut ids = vec![0; count.min(MOST_IDS)];
    let listed = sys::listmount_backwards(scope.root, scope.namespace, 0, &mut ids);
    let filled = match listed {
        // The flag came with Linux 6.11, three versions after the call.
        Err(cause) if cause.raw_os_error() == Some(libc::EINVAL) => {
            let all = list(scope, count)?;
            return Ok(all.into_iter().rev().take(count).collect());
        }
        listed => listed.map_err(|cause| failed_list(scope, cause))?,
    };
    ids.truncate(filled);
    Ok(ids)
}

fn failed_list(scope: &Scope, cause: io::Error) -> Error {
    Error::io(format!("listmount({:#x})", scope.root), cause)
}

/// The most ids that the kernel gives in one call.
const MOST_IDS: usize = 1_000_000;

/// Asks about one mount. The buffer is used again from call to call, and grows to the size of the
/// answer.
pub(crate) fn ask<'b>(
    scope: &Scope,
    id: u64,
    mask: u64,
    buffer: &'b mut Vec<u8>,
) -> io::Result<Answer<'b>> {
    const FIRST: usize = 8 << 10;
    const MOST: usize = 256 << 20;
    if buffer.len() < FIRST {
        buffer.resize(FIRST, 0);
    }
    loop {
        match sys::statmount(id, scope.namespace, mask, buffer) {
            Ok(()) => return Ok(Answer::new(buffer)),
            Err(cause) if cause.raw_os_error() == Some(libc::EOVERFLOW) && buffer.len() < MOST => {
                // The kernel does not say how much room it needs.
                let more = buffer.len() * 4;
                buffer.resize(more, 0);
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// What the kernel says about a mount that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Row,
    /// It is out of scope, or no path leads to it from the root directory. Then mountinfo has no
    /// row for it either.
    OutOfReach,
    Gone,
}

/// Appends the row of one mount to `text`, if it has one.
pub(crate) fn append_row(
    scope: &Scope,
    id: u64,
    mask: u64,
    buffer: &mut Vec<u8>,
    text: &mut Vec<u8>,
) -> Result<Shown, Error> {
    match ask(scope, id, mask, buffer) {
        Ok(answer) => {
            // A list of all below a mount also has mounts that lie outside of the path in question.
            let in_scope = answer.mount_point().is_some_and(|point| scope.shows(point));
            Ok(if in_scope && answer.render(text) {
                Shown::Row
            } else {
                Shown::OutOfReach
            })
        }
        Err(cause) if cause.raw_os_error() == Some(libc::ENOENT) => Ok(Shown::Gone),
        Err(cause) => Err(Error::io(format!("statmount({id:#x})"), cause)),
    }
}

/// The id maps of an idmapped mount, if the kernel tells them.
pub(crate) fn id_maps(scope: &Scope, id: u64, buffer: &mut Vec<u8>) -> IdMaps {
    let mask = statmount::MNT_UIDMAP | statmount::MNT_GIDMAP;
    let answer = tells_id_maps()
        .then(|| ask(scope, id, mask, buffer).ok())
        .flatten();
    match answer.and_then(Answer::id_maps) {
        Some((users, groups)) => IdMaps::of(users, groups),
        None => IdMaps::Unknown,
    }
}

/// Whether the kernel can be asked for id maps without harm.
///
/// When Linux 6.15 to 6.17 is asked for them, it may write through a pointer that nobody has set.
/// To try is therefore too dangerous. Only here does the version decide.
fn tells_id_maps() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let name = rustix::system::uname();
        let release = name.release().to_bytes();
        let mut parts = release.split(|byte| !byte.is_ascii_digit()).map(decimal);
        let version = (parts.next().flatten(), parts.next().flatten());
        version >= (Some(6), Some(18))
    })
}

/// Whether a mount is in the calling thread's mount namespace now. It is named by the id that is
/// never reused.
///
/// This is one `statmount` (Linux 6.8), which touches nothing mounted. `None` if the kernel does
/// not say, because it is older or a system call filter refuses the call. A mount that was detached
/// lazily is not in the namespace any more, even if something still uses it.
///
/// # Examples
///
/// ```
/// let root = mountscan::mount_at("/".as_ref()).unwrap();
/// assert_ne!(root.unique_id.and_then(mountscan::is_mounted), Some(false));
/// ```
///
/// # References
///
/// `statmount(2)`.
#[doc(alias = "statmount")]
pub fn is_mounted(mount: UniqueMountId) -> Option<bool> {
    match ask(&Scope::OWN, mount.0, statmount::MNT_BASIC, &mut Vec::new()) {
        Ok(_) => Some(true),
        Err(cause) if cause.raw_os_error() == Some(libc::ENOENT) => Some(false),
        Err(_) => None,
    }
}

/// Whether the call itself was refused, by a filter that came after the first probe. Then the
/// caller has to take another route.
pub(crate) fn is_refused(error: &Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

/// An error that says which queries are missing.
pub(crate) fn unsupported(what: &str, since: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{what}: the kernel has no such query before Linux {since}"),
    )
}
