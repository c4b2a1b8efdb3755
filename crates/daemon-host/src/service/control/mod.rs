//! The control socket. Clients ask a running daemon to reload, or which configuration is in
//! force.
//!
//! One request per connection: a line with one word. The answer is one JSON document, then
//! the connection closes. Only root and the daemon's own user may ask. `request` is pure,
//! `socket` puts the listening socket in place, `server` answers those that
//! `hall` has room for, `client` asks.

mod client;
mod hall;
mod request;
mod server;
mod socket;

pub use client::ask;
pub use request::{Pending, Request};
pub use server::ControlSocket;
