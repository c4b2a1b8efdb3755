//! Reads a file as one reader does, line by line. This room is pure.

mod file;
mod once;
mod result;
mod servers;
mod state;

pub(crate) use once::Once;
pub(crate) use state::{Depth, Reading};
