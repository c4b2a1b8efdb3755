//! Writing a container's file.

mod container;
mod edits;
mod places;
mod turns;
