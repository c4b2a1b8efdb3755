//! `mounts peers`: who gets mounts and unmounts. `graph` decides, the others show it.

mod command;
mod graph;
mod json;
mod mermaid;
mod picture;
mod reach;
mod svg;
mod text;

pub(super) use command::{Args, run};
