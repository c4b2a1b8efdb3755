//! The rules that find odd things, line by line and for the file as a whole. This room is pure.

mod bytes;
mod effort;
mod numeric;
mod options;
mod pass;
mod readings;
mod search;
mod servers;
mod traits;
mod whole;
