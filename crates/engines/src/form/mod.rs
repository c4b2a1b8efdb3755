//! Engines in a file that a user writes, in TOML or JSON. `read` and `write` are pure; `load` opens
//! the file.

mod bad;
mod fields;
mod load;
mod read;
mod write;

pub use bad::BadEngines;
