//! A whole table and the questions that its structure answers. The room is pure, except for
//! [`from_file`](crate::MountTable::from_file), which opens the file it is given.

pub(crate) mod changes;
pub(crate) mod consistency;
mod from_text;
pub(crate) mod mount_table;
pub(crate) mod origin;
mod query;
