//! What the test lanes share.
//!
//! - [`protocol`]: the records that PID 1 of a test VM sends to the host.
//! - [`plan`]: the list of tests that the host hands to PID 1.
//! - [`container`]: real containers to start.
//! - [`disk`]: ext4 and btrfs on a block device.
//! - [`guest`]: refuses to run a privileged test anywhere but in a test VM.
//! - [`kernel`]: what the running kernel must be able to do.
//! - [`namespace`]: a thread with namespaces of its own per test.
//! - [`link`]: network links and addresses to look at.
//! - [`scene`]: mounts to look at: tmpfs, overlay, binds, propagation.
//!
//! Nothing here is published.
#![forbid(unsafe_code)]

pub mod container;
pub mod disk;
pub mod guest;
pub mod kernel;
pub mod link;
pub mod namespace;
pub mod plan;
pub mod protocol;
pub mod scene;
