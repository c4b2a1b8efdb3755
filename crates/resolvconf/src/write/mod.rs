//! Puts a container's file on disk, on the same inode. `record` is pure; the others write.

mod in_place;
mod record;
mod sha256;
mod update;

pub use update::{FileStatus, WriteOptions, Written, status, write};
