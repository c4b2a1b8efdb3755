//! Puts a container's file on disk, on the same inode. `record` is pure; the others write.

mod in_place;
mod moby_hash;
mod options;
mod record;
mod update;

pub use options::{FileStatus, WriteOptions, Written};
pub use update::{status, status_at, write, write_at};
