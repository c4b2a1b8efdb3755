//! Puts a file where other programs read it. They see the old content or the new, never a part.
//!
//! The directory is opened once and everything happens relative to it. `staged` writes the new
//! file without a name, or under a name that nobody can guess. `target` says what is there now
//! and whether it may be replaced. `published` puts the new file in its place.

mod published;
mod staged;
mod target;

pub(crate) use published::place;
pub use published::{PublishOptions, Published, publish};
pub(crate) use staged::random_name;
pub(crate) use target::{Directory, Identity, Target};
