//! Live containers of real engines: whatever is killed around them, a clean-up and a start
//! of our daemon harm none that lives, and find every one that is dead.
//!
//! `scene` is the play that all engines share; each engine has a file of its own.

mod check;
mod container;
mod containerd;
mod docker;
mod engine;
mod image;
mod plays;
mod podman;
mod processes;
mod product;
mod runtime;
mod scene;
mod storm;

pub(super) use plays::{run, scenarios};
