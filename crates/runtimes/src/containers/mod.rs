//! Finds out which containers live, from the files of their runtimes and shims. This room reads and
//! changes nothing.
//!
//! [`record`] turns the bytes of a state into facts and [`judge`] decides; both are pure.
//! The other files look: at directories, processes, groups of processes and sockets.

mod bundle;
mod cgroup;
mod judge;
mod live;
mod options;
mod process;
mod record;
mod scan;
mod state;
mod view;

pub use live::{live_containers, state_dirs};
pub use options::StatesOptions;
pub use scan::containers;
pub use state::{ContainerState, Life, StateSource, States};
