//! What the main thread of the daemon waits for.

use daemon_host::service::{Pending, Wish};

/// Something that the daemon acts on.
pub(super) enum Event {
    /// A signal came.
    Wish(Wish),
    /// A client of the control socket waits for an answer.
    Asked(Pending),
}
