//! What an engine is, as data. Pure.

mod describe;
mod rule;
mod shape;
mod word;

pub use describe::{Engine, Root, Store};
pub use rule::{Fate, Rule};
pub use shape::{BadShape, Shape};
