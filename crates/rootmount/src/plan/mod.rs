//! Decides which mounts go, in which order, which stay, and why. It touches nothing, except
//! that `layers` reads the files of a layer store.

pub(crate) mod cleanup_plan;
mod custom;
pub(crate) mod decide;
pub(crate) mod diff;
pub(crate) mod keep;
pub(crate) mod layers;
mod narrow;
pub(crate) mod reach;
pub(crate) mod rules;
