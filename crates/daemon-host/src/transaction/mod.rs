//! Reload as a transaction over participants. Only participants touch the world here.

mod two_phase;

pub(crate) use two_phase::prepare_all;
pub use two_phase::{BoxError, NothingToDo, Participant, Prepared};
