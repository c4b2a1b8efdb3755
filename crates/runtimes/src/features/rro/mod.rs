//! What a runtime does with `rro`: what was seen, as data, and the answer that follows. Pure.

mod answer;
mod facts;

pub use answer::{RroAnswer, RroSupport};
