//! Questions and their answers, over any socket: a listing is proved whole, or it is refused.

mod exchange;
mod outcome;
mod query;
mod whole;

pub(crate) use query::{ALL_GROUPS, Query};
