//! Carries out a plan: its steps, and then the data root. Only this room knows both the engine
//! and the data root.

pub(crate) mod execute;
pub(crate) mod options;
pub(crate) mod report;
pub(crate) mod tree;
