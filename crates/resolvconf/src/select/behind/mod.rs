//! What systemd-resolved does behind its stub, which a program that asks the servers directly
//! loses. `files` looks at the host; the rest is pure.

mod answer;
mod files;
mod settings;

pub use answer::{Behind, InUse};
pub use files::BehindPaths;
pub(crate) use files::behind;
