//! Machines: started, watched and ended; one kernel, then all of them.

pub(crate) mod accel;
pub(crate) mod interrupt;
pub(crate) mod job;
pub(crate) mod matrix;
pub(crate) mod qemu;
