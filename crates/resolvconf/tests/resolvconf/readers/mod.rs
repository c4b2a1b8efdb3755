//! The profiles of the readers.

mod cases;
mod cell;
mod matrix;
mod rules;

pub(crate) use cases::text;
