//! What the host did, and how it is now: reports, their text and their JSON. It is pure.

mod health;
mod outcome;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "serde")]
mod serialize_snapshot;

pub use health::Health;
pub(crate) use health::SHUT_DOWN;
pub use outcome::{ReloadReport, ShutdownReport, StartReport, Step};
