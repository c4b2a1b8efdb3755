//! Many rows: a table and what can be asked of it.

pub(crate) mod changes;
mod from_text;
pub(crate) mod index;
pub(crate) mod mount_table;
pub(crate) mod point_order;
pub(crate) mod query;
pub(crate) mod replaced;
