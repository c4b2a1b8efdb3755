//! What the source may hold, and how much of it.

pub(super) mod allowed;
pub(super) mod rooms;
pub(super) mod sizes;
pub(super) mod source;
