//! A file without any loss: bytes in, lines and words out. This room is pure.

mod address;
mod line;
mod look;
mod lossless;
mod parse;
mod text;
mod words;

pub(crate) use address::ipv6;
pub(crate) use line::split_option;
pub(crate) use look::Look;
pub(crate) use words::{BYTE_ORDER_MARK, blank_len, fields};

pub use address::{Nameserver, glibc_ipv4};
pub use line::{Line, LineKind};
pub use lossless::{Document, Found, parse};
pub use text::Text;
