//! What the test lanes share.
//!
//! - [`protocol`]: the records that PID 1 of a test VM sends to the host.
//! - [`plan`]: the list of tests that the host hands to PID 1.
//! - [`container`]: real containers to start.
//! - [`disk`]: ext4 and btrfs on a block device.
//! - [`guest`]: refuses to run a privileged test anywhere but in a test VM.
//! - [`kernel`]: what the running kernel must be able to do.
//! - [`namespace`]: namespaces of a test's own.
//! - [`space`]: which namespaces a test needs.
//! - [`skip`]: a test that cannot run here says so.
//! - [`link`]: network links and addresses to look at.
//! - [`scene`]: mounts to look at: tmpfs, overlay, binds, propagation.
//!
//! Nothing here is published.
#![deny(unsafe_code)]

pub mod container;
mod directory;
pub mod disk;
pub mod guest;
pub mod kernel;
pub mod link;
pub mod namespace;
pub mod plan;
pub mod protocol;
pub mod scene;
pub mod skip;
pub mod space;
mod sys;
