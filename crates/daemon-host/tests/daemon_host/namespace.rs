//! Mounts and a user namespace of a test's own.

use support::space::Space;

/// Also for root: nothing here may need more.
pub(crate) const SPACE: Space = Space::MOUNTS.in_new_user_namespace();

/// Runs `body` as root of a new user and mount namespace.
#[track_caller]
pub(crate) fn inside(body: impl FnOnce()) {
    support::namespace::own(SPACE, body);
}
