//! The facade by its public API. Tests that mount run in a mount namespace (and, for
//! ordinary users, a user namespace) that they make themselves.

#![allow(clippy::unwrap_used, reason = "a panic is the report")]

mod example;
mod features;
mod health;
mod lifecycle;
mod liveness;
mod namespace;
mod reload;
#[cfg(feature = "service")]
mod service;
mod values;
