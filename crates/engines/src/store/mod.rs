//! What engines keep on disk about their containers.
//!
//! `file` reads, the parsers in `storage` and `docker` are pure and get text.

mod docker;
pub(crate) mod file;
mod storage;
