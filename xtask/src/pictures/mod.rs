//! `cargo xtask pictures`: the pictures of the README, from what the command really prints.
//!
//! `scene.sh` is a machine with something to say. `terminal` draws text as a terminal shows it,
//! and is pure.

mod make;
mod terminal;

pub(crate) use make::{Args, run};
