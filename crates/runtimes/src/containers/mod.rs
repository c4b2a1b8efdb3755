//! Which containers live, by what their runtimes wrote down. Reads, never acts.

mod live;

pub use live::{live_containers, state_dirs};
