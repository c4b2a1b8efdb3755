//! How what arguments name is looked at and read: up to a limit, and never for ever.

mod look;
mod named;
mod stream;

pub(crate) use look::look;
pub(crate) use named::read_named;
pub(crate) use stream::Stream;
