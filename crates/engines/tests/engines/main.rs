//! The public behaviour of the crate, on stores in temporary directories.

mod detection;
mod files;
mod stores;
