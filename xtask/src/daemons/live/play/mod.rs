//! The play that all engines share, the storm, and builds; all of it touches the machine.

pub(super) mod builds;
mod check;
mod container;
mod product;
pub(super) mod scene;
pub(super) mod storm;
