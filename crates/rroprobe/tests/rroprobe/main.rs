//! rroprobe through its public API.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a panic is the report; a skip is said aloud

mod apply; // trees of real mounts, in namespaces of their own
mod decision; // moby's table as data
mod every_kernel; // the verdicts on every kernel of the VM lane
mod kernel; // the verdict as root, without privilege, in a user namespace, under filters
mod threads; // filters, capabilities
mod words; // what machines read
