//! PID 1 of the test VMs.

fn main() {}
