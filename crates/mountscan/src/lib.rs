//! mountscan.
