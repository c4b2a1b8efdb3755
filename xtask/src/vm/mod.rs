//! `cargo xtask vm`: the privileged tests inside virtual machines, on every kernel that matters.
//!
//! Five steps: choose the kernels and have them (`source`), build what runs inside (`image`), run
//! each kernel (`machine`), report (`say`).

mod args;
mod doctor;
mod image;
mod lane;
mod machine;
mod needs;
mod parallel;
mod say;
mod source;

pub(crate) use args::Args;
pub(crate) use image::initramfs::libraries;
pub(crate) use lane::{lane, prepare, run};
pub(crate) use needs::missing_packages;
pub(crate) use say::publish::Outcome;
pub(crate) use source::cache::directory as cache;
pub(crate) use source::fetch::mirrors;
