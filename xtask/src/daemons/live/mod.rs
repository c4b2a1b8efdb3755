//! Live containers of real engines: whatever is killed around them, a clean-up and a start
//! of our daemon harm none that lives, and find every one that is dead.
//!
//! `play` is what happens, and the same for all; `engines` has a file for each.

mod engines;
mod play;
mod plays;
mod processes;

pub(super) use plays::{on_request, run, scenarios};
