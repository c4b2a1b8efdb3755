//! Several engines together: finds out which of them mounted what. Pure.

mod find;

pub use find::{Catalogue, Found};
