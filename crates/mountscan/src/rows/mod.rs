//! The rows of one table: their text, their unique ids, and which of them cannot be right. The room
//! is pure: what it reads comes from the caller's reader.

pub(crate) mod contradictions;
pub(crate) mod replaced;
pub(crate) mod row_store;
pub(crate) mod unique_ids;
