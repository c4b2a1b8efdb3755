//! Which engines a machine has: found by their directories, configuration, sockets and
//! processes. This room reads, and changes nothing; `command_line` is pure.

mod command_line;
mod expand;
mod found;
mod gather;
mod ground;
mod instance;
mod options;
mod processes;
mod settings;
mod sockets;

pub use found::{Daemon, Detection, FoundEngine, FoundRoot, GivenConfig};
pub use gather::detect;
pub use options::DetectOptions;
