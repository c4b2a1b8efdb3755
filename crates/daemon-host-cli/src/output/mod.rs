//! How results reach the reader: tables for people, JSON for machines.
//!
//! `table`, `paint`, `words`, `bytes` and `hex` are pure; `stream`, `failure`, `log` and `aside`
//! write.

mod aside;
mod bytes;
mod failure;
mod hex;
pub(crate) mod log;
mod paint;
mod stream;
mod table;
mod words;

pub(crate) use bytes::{Bytes, hex_list_if_needed};
pub(crate) use failure::{error, is_broken_pipe};
pub(crate) use hex::{path_fields, text_fields};
pub(crate) use paint::{Ink, paint};
pub(crate) use stream::Output;
pub(crate) use table::{Cell, Table};
pub(crate) use words::{count, short_id, shown};
