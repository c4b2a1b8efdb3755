//! A file as it stands: bytes in, lines and words out. This room is pure.

pub(crate) mod address;
pub(crate) mod lossless;
pub(crate) mod parse;
pub(crate) mod text;

pub use address::{Nameserver, glibc_ipv4};
pub use lossless::{Document, Found, Line, LineKind, parse};
pub use text::Text;
