//! The table that a daemon reads, and how a new one takes its place.
//!
//! Readers take the pointer to the current table and never wait. A writer makes the next
//! table aside, with everything that can fail, and then swaps the pointer. Only the
//! writer touches the world: the script directory and the runtimes it probes.

mod prepared;
mod reader;
mod registry;
mod writer;

pub use prepared::PreparedReload;
pub use reader::TableReader;
pub use registry::Registry;
