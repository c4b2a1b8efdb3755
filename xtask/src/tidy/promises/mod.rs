//! What manifests and documents promise.

pub(super) mod counts;
pub(super) mod documents;
pub(super) mod manifests;
pub(super) mod parity;
pub(super) mod places;
