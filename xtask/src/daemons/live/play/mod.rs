//! The play that all engines share, and the storm; all of it touches the machine.

mod check;
mod container;
mod product;
pub(super) mod scene;
pub(super) mod storm;
