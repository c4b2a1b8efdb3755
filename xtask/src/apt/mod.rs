//! apt, unprivileged: a private state of one suite. Nothing of the machine's own package state is
//! read or written.

mod client;
mod failure;
pub(crate) mod index;
mod sources;

pub(crate) use client::Apt;
pub(crate) use index::Stanza;
pub(crate) use sources::Mirrors;
