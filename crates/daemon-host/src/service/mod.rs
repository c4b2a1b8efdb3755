//! The pieces of a live daemon around a [`Host`](crate::Host): its pidfile and the files
//! that it publishes. They act; each file names what it touches.

mod pidfile;
mod publish;

pub use pidfile::Pidfile;
pub use publish::{PublishOptions, Published, publish};
