//! Puts a container's file on disk, on the same inode. `record` is pure; the others write.

mod in_place;
mod options;
mod record;
mod sha256;
mod update;

pub use options::{FileStatus, WriteOptions, Written};
pub use update::{status, write};
