//! What the main thread of the daemon waits for.

use super::control::Pending;

/// Something that the daemon acts on.
pub(super) enum Event {
    /// A signal came, by its number.
    Signal(i32),
    /// A client of the control socket waits for an answer.
    Asked(Pending),
}
