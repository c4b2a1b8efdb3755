//! Which file uses which, read from `use` items and paths. Pure: takes the text of the files.

pub(super) mod circles;
pub(super) mod graph;
pub(super) mod module_tree;
pub(super) mod uses;
