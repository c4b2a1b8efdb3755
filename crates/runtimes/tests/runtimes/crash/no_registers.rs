//! Other processors can be killed at every call; failing calls is left to x86-64.

use nix::errno::Errno;
use nix::unistd::Pid;

use super::tracer::{Fault, Lack};

pub(crate) fn counts(_: Pid, fault: Fault) -> bool {
    matches!(fault, Fault::Kill)
}

pub(crate) fn skip(_: Pid) {}
pub(crate) fn fail(_: Pid, _: Errno) {}
pub(crate) fn lacking(_: Pid, _: Lack) -> Option<Errno> {
    None
}
