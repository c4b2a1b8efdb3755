//! Reads Linux mount tables: every row a kernel can print, without loss, with answers by structure.
#![deny(unsafe_code)]

mod changes;
mod error;
mod escape;
mod fanotify;
mod holders;
mod identity;
mod index;
mod info;
mod kernel;
mod live;
mod options;
mod point_order;
mod propagation;
mod query;
mod read;
mod refresh;
mod row;
#[cfg(feature = "serde")]
mod serialize;
mod source;
mod statmount;
mod stream;
mod subtree;
mod sys;
mod table;
mod watch;

pub use crate::changes::Changes;
pub use crate::error::{Error, ErrorKind};
pub use crate::escape::{escape, unescape};
pub use crate::holders::{
    HolderNamespace, HolderProcess, Holders, HoldersOptions, MountUse, holders,
};
pub use crate::identity::{MountIdentity, identity_at, is_mount_point, is_mount_root_at};
pub use crate::info::MountInfo;
pub use crate::kernel::KernelQueries;
pub use crate::options::Options;
pub use crate::propagation::{PeerGroup, Propagation, PropagationTag, PropagationTags};
pub use crate::refresh::Refresh;
pub use crate::row::{Device, MalformedRow, MountId, Row, RowError, UniqueMountId};
pub use crate::source::{ReadOptions, Source};
pub use crate::stream::{MAX_ROW_BYTES, Rows, for_each_row, for_each_row_limited, rows};
pub use crate::subtree::{Detail, mount_at, mount_point_at};
pub use crate::table::{Consistency, MountTable};
pub use crate::watch::{Event, Watch, WatchOptions, WatchRoute};
