//! The parts of a running daemon around a [`Host`](crate::Host): signals, systemd, the control
//! socket, the pidfile, and files that it publishes. They act; each file says what it touches.

mod control;
pub mod notify;
mod pidfile;
mod publish;
mod reserve;
mod signals;

pub use control::{ControlSocket, Pending, Request, ask};
pub use pidfile::Pidfile;
pub use publish::{PublishOptions, Published, publish};
pub use reserve::Reserve;
pub use signals::{Wish, forward_signals};
