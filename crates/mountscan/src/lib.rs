//! Reads Linux mount tables: every row that a kernel can print, without loss, with answers by
//! structure.
//!
//! It is for daemons and tools that must not be wrong about mounts: what is mounted where, what
//! lies on top, what has to go first, who keeps it busy.
//!
//! ```
//! use std::path::Path;
//! let table = mountscan::MountTable::from_bytes(r"1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
//! 2 1 0:6 / /mnt/my\040disk rw - tmpfs one rw,size=4k
//! 3 2 0:7 / /mnt/my\040disk rw - tmpfs two rw
//! ");
//! let stack = table.at(Path::new("/mnt/my disk"));
//! assert_eq!(stack.len(), 2);
//! assert_eq!(stack[1].source().to_str(), Some("two"));
//! assert_eq!(table.mount_of(Path::new("/mnt/my disk/file")), Some(stack[1]));
//! ```
//!
//! # Overview
//!
//! [`rows()`] and [`for_each_row`] turn text into borrowed [`Row`]s, one at a time. A
//! [`MountTable`] owns the text and answers by structure: [`under`](MountTable::under),
//! [`at`](MountTable::at), [`mount_of`](MountTable::mount_of),
//! [`deepest_first`](MountTable::deepest_first). It comes from bytes, a file, or the kernel
//! ([`MountTable::current`], [`MountTable::read`]), and can be brought up to date
//! ([`refresh`](MountTable::refresh)). [`MountInfo`] is the owned row.
//!
//! Small questions have cheap answers. [`is_mount_point`], [`mount_at`] and [`identity_at`] ask
//! about one path, and [`MountTable::under_now`] about a subtree. Their cost does not grow with the
//! table. [`MountList`] counts and lists mounts without their rows. [`Watcher`] follows changes,
//! [`holders()`] finds who keeps a mount busy, a [`Survey`] answers that for many mounts, and
//! [`MountWitness`] tells later whether a mount still lives.
//!
//! # When not to use this
//!
//! To learn how full a file system is, use `statvfs`. To unmount the mount at a path, an answer of
//! this crate is only a hint: when you use it, another mount may be there. Open the parent
//! directory, check with [`identity_at`], and unmount by name, as the crate `rootmount` does. This
//! crate never mounts or unmounts.
//!
//! # Privileges and kernels
//!
//! | call | needs | since Linux | without |
//! |---|---|---|---|
//! | mountinfo of oneself | procfs | 2.6.26 | asked for mount by mount (6.13), else an error |
//! | nothing over procfs | `openat2` | 5.6 | the file system alone is checked |
//! | [`MountTable::of_pid`] | procfs | 2.6.26 | [`ErrorKind::NotFound`] |
//! | [`holders()`] of others' processes | `PTRACE_MODE_READ` | 3.8 | counted as unreadable |
//! | [`is_mount_point`], [`identity_at`] | – | 5.8 | [`ErrorKind::Unsupported`] |
//! | unique ids, [`Refresh::Existence`] | – | 6.8 | no ids; everything is read again |
//! | [`MountList`] | – | 6.8, rows 6.13 | [`ErrorKind::Unsupported`] |
//! | [`MountWitness`], the end of a mount | `CAP_SYS_ADMIN`, fanotify | 2.6.37 | [`MountLife::Unknown`] |
//! | [`is_detached`] of any mount | – | 7.0 | `None` |
//! | [`ReadOptions::id_maps`] | – | 6.18 | [`IdMaps::Unknown`] |
//! | [`MountTable::under_now`], [`mount_at`] by the kernel | – | 6.13 | by text, same rows |
//! | [`Source::Namespace`] | `CAP_SYS_ADMIN` over it | 3.8, by id 6.13 | refused by the kernel |
//! | [`Source::NamespaceId`] | `CAP_SYS_ADMIN` over it | 6.11 | [`ErrorKind::Unsupported`] |
//! | [`WatchRoute::Fanotify`] | `CAP_SYS_ADMIN` over it | 6.15 | [`WatchRoute::Poll`] |
//!
//! The crate finds out by trying what the kernel offers ([`KernelQueries`]), not by the version. A
//! system call filter that refuses with `ENOSYS` or `EPERM` counts as a missing call. Id maps are
//! the exception: Linux 6.15 to 6.17 may crash when they are asked for them.
//!
//! # Errors and empty answers
//!
//! No such mount, no mount point, nothing under a path: these are empty answers. [`Error`] says
//! what could not be read, and names the call. A malformed row does not affect the others
//! ([`MountTable::malformed`]). Strict reading ([`MountTable::from_bytes_strict`]) refuses it.
//!
//! # Limitations
//!
//! - The kernel gives mountinfo in pieces. If nothing changed meanwhile, a reading is of one
//!   moment. Otherwise it has every mount that stayed, and it is read again if rows contradict each
//!   other. [`Consistency`] says what is known. Before Linux 5.8 a changing table is read until two
//!   readings agree.
//! - Mount ids are reused at once; only unique ids (6.8) name a mount for good.
//! - A directory above a mount point can be renamed without any notice. So a path in a held table
//!   is a hint.
//! - Mounts in detached trees, and mounts out of reach of the root directory, are in no table. A
//!   [`MountWitness`] that was made before a mount was detached knows whether it lives.
//! - If thousands of mounts are stacked at one point, the kernel walks the whole stack for each
//!   row. No call avoids that. On Linux 6.18 a row of the text costs 3 µs with 1 250 mounts in the
//!   stack, 12 µs with 5 000 and 35 µs with 10 000. `listmount` costs as much, and `statmount` more
//!   than twice as much. So the text is read there, too.
//!
//! # Logging
//!
//! With the feature `tracing` it logs the route taken and the rows dropped. The target is
//! `mountscan::<module>`, the level debug.
//!
//! # Compared with moby
//!
//! It accepts what `moby/sys/mountinfo` accepts and more: any number of rows, bytes above `\177`,
//! and one bad row without losing the table. Paths are compared by component, and stacks are seen
//! from the top. Each difference is a row of PARITY.md.
//!
//! # Crate features
//!
//! - `serde`: `Serialize` for [`Row`], [`MountInfo`] and [`MalformedRow`], in the shape of
//!   `daemon-host mounts list --json`.
//! - `tracing`: the log lines above. Without it nothing is logged.
//!
//! MSRV: Rust 1.85.
#![deny(unsafe_code)]

mod ask;
mod error;
mod holders;
mod id_maps;
mod ids;
mod index;
mod kernel;
mod log;
mod read;
mod row;
mod rows;
mod table;
mod watch;

pub use crate::ask::mount_list::{MountList, has_mounts_under};
pub use crate::ask::resolve::resolve;
pub use crate::ask::subtree::{mount_at, mount_point_at};
pub use crate::error::{Error, ErrorKind};
pub use crate::holders::everywhere::below::{DirectoryUsers, directory_users};
pub use crate::holders::everywhere::detached::DetachedMount;
pub use crate::holders::everywhere::directory::{
    DirectoryMount, DirectoryMounts, DirectoryUse, directory_mounts,
};
pub use crate::holders::everywhere::listed::{MountNamespace, Namespaces};
pub use crate::holders::everywhere::namespaces::namespaces;
pub use crate::holders::find::holders;
pub use crate::holders::options::HoldersOptions;
pub use crate::holders::processes::process_view::ProcessView;
pub use crate::holders::report::{
    HolderNamespace, HolderProcess, Holders, KernelUse, MountUse, MountUser, MountedUse,
    NamespaceKeeper,
};
pub use crate::holders::residents::{
    Resident, ResidentUse, Residents, ResidentsOptions, residents,
};
pub use crate::holders::survey::Survey;
pub use crate::id_maps::{IdMaps, IdRange};
pub use crate::ids::{Device, MountId, UniqueMountId};
pub use crate::kernel::identity::{
    MountIdentity, identity_at, is_detached, is_mount_point, is_mount_root_at,
};
pub use crate::kernel::proc_root::ProcRoot;
pub use crate::kernel::procfs::Proc;
pub use crate::kernel::queries::{KernelQueries, is_mounted};
pub use crate::kernel::witness::{MountLife, MountWitness, Witnesses};
pub use crate::read::extent::Extent;
pub use crate::read::refresh::Refresh;
pub use crate::row::borrowed::Row;
pub use crate::row::escape::{escape, unescape};
pub use crate::row::mount_info::MountInfo;
pub use crate::row::options::Options;
pub use crate::row::parse::{MalformedRow, RowError};
pub use crate::row::propagation::{PeerGroup, Propagation, PropagationTag, PropagationTags};
pub use crate::row::stream::{MAX_ROW_BYTES, Rows, for_each_row, rows};
pub use crate::table::changes::Changes;
pub use crate::table::consistency::Consistency;
pub use crate::table::mount_table::MountTable;
pub use crate::table::origin::{Detail, ReadOptions, Source};
pub use crate::watch::options::{Event, WatchOptions, WatchRoute};
pub use crate::watch::watcher::Watcher;
