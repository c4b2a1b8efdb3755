//! A plan carried out: its steps, and then the data root. The only room that knows both
//! the engine and the data root.

pub(crate) mod execute;
pub(crate) mod options;
pub(crate) mod report;
pub(crate) mod tree;
