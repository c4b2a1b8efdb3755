//! The oldest compiler that we promise, really: Debian 13's, unpacked from its packages and run
//! in a tree of its own. It builds for this machine and, with a layer more, for other processors.

mod build;
mod layer;
mod stage;

pub(crate) use build::{Toolchain, cannot_run, check_msrv};
