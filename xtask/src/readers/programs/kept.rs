//! What a reader says of itself.

use std::net::IpAddr;

/// What a reader says that it took from the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) servers: Vec<IpAddr>,
    pub(crate) search: Vec<Vec<u8>>,
}
