//! P1 to P5: reading mount tables, beside the peers and the floor of each.
//!
//! P1 and P2 read text from memory. P3 to P5 read a live table in a mount namespace that the bench
//! makes; where that is refused they are left out and said to be. Peers in Go and C take part where
//! their tools are.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::print_stderr)] // what is left out is said

mod bare;
mod live;
mod peers;
mod scene;
mod text;

use criterion::{criterion_group, criterion_main};
use live::{live_table, one_path, refresh, subtree};
use text::{parse, table};

criterion_group!(in_memory, parse, table);
criterion_group!(in_kernel, live_table, refresh, subtree, one_path);
criterion_main!(in_memory, in_kernel);
