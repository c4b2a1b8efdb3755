//! Questions and their answers, over any socket: a listing is proved whole, or it is refused.

mod every;
mod exchange;
mod listings;
mod one;
mod proof;
mod query;
mod refusal;
mod round;
mod window;

pub(crate) use query::{ALL_GROUPS, Query};
