//! What engines keep on disk about their containers.
//!
//! `file` reads. The parsers in `storage` and `docker` are pure; they get the text.

mod docker;
pub(crate) mod file;
mod storage;
