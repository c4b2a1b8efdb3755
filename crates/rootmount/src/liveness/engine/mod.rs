//! Whether an engine runs on an exec root. `check` reads; `pid_file` and `sockets` decide
//! over what was read.

pub(crate) mod check;
mod facts;
mod pid_file;
mod sockets;
pub(crate) mod verdict;
