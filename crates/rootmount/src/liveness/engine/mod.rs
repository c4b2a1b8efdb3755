//! Finds whether an engine runs on an exec root. `check` and `facts` read; `pid_file` and
//! `sockets` decide.

pub(crate) mod check;
mod facts;
mod pid_file;
mod sockets;
pub(crate) mod verdict;
