//! The public behaviour of the crate, on stores in temporary directories.

mod covered;
mod detection;
mod files;
mod stores;
