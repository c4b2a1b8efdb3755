//! What an engine is, as data. Nothing here touches the world.

mod describe;
mod place;
mod root;
mod rule;
mod shape;
mod word;

pub use describe::{Engine, Store};
pub use place::{Place, RootAt};
pub use root::Root;
pub use rule::{Fate, Rule};
pub use shape::{BadShape, Shape};
