//! Parses JSON, TOML and plain YAML into one kind of tree. Each value knows its line. Pure.

mod fault;
mod json;
mod node;
mod read;
mod toml;
mod yaml;

pub(crate) use node::{Node, Value};
pub(crate) use read::{Format, parse};
