//! The profiles of the readers.

mod cases;
mod cell;
mod matrix;
mod names;
mod rules;

pub(crate) use cases::text;
