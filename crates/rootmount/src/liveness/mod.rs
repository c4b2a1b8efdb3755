//! Finds which containers live: the evidence, and the judgement over it. `gather`, `outside`,
//! `engine` and `look` act; the others are pure.

pub(crate) mod container_key;
pub(crate) mod contradiction;
pub(crate) mod engine;
pub(crate) mod evidence;
pub(crate) mod gather;
pub(crate) mod judge;
pub(crate) mod layer_map;
pub(crate) mod look;
mod outside;
pub(crate) mod verdicts;
