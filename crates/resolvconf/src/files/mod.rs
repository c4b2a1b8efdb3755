//! Reads files without waiting on anything else, and puts them in place whole.

pub(crate) mod durable;
pub(crate) mod load;

pub use load::{DEFAULT_SIZE_LIMIT, load, load_within};
