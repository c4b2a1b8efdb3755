//! Puts a file where other programs read it: the old content or the new, never a half.
//!
//! The directory is opened once and everything happens relative to it. `staged` writes the
//! new file without a name or under one that nobody can guess, `target` says whether what
//! is there may be replaced, `published` puts the one in place of the other.

mod published;
mod staged;
mod target;

pub(crate) use published::place;
pub use published::{PublishOptions, Published, publish};
pub(crate) use staged::random_name;
pub(crate) use target::{Directory, Identity, Target};
