//! What engines keep on disk about their containers.
//!
//! `file` reads, the parsers in `storage` and `docker` are pure and get text.

pub(crate) mod docker;
mod file;
pub(crate) mod storage;
