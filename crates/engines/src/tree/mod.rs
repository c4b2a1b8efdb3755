//! Text of JSON, TOML and plain YAML as one tree, in which each value knows its line. Pure.

mod fault;
mod json;
mod node;
mod read;
mod toml;
mod yaml;

pub(crate) use node::{Node, Value};
pub(crate) use read::{Format, parse};
