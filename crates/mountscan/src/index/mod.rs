//! Where to look in a table: by id, by path, by peer group, up and down the tree. The room is pure.

pub(crate) mod peer_groups;
mod point_order;
pub(crate) mod row_index;
