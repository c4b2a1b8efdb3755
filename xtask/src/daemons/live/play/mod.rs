//! The play that all engines share, the storm, builds, and pods; all of it touches the machine.

pub(super) mod buildah;
pub(super) mod builds;
mod check;
mod container;
pub(super) mod pods;
mod product;
pub(super) mod scene;
pub(super) mod storm;
