//! The host's part of a daemon's configuration: daemon.json as values. Only `file` touches the
//! world: it reads the file.

mod file;
mod host_config;
mod keys;

pub use file::read_config;
pub use host_config::{DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT, HostConfig};
