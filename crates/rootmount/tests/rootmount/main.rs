//! The public API of rootmount: parity data, captures, properties, and real mounts
//! in mount namespaces of the tests' own.

#![allow(clippy::unwrap_used)] // a panic in a test is the report
#![allow(clippy::print_stderr)] // a test that cannot run here says so

mod captures;
mod data_root;
mod execute;
mod mounts;
mod plan;
mod properties;
mod vectors;
