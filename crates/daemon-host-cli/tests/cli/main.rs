//! The command as a user runs it: exit codes, the JSON contract, the reference daemon.

#![allow(clippy::unwrap_used, reason = "a panic is the report")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod addrs;
mod addrs_names;
mod check;
mod command;
mod contract;
mod daemon;
mod documented;
mod elsewhere;
mod engines;
mod gc;
mod guard;
mod holders;
mod hostile;
mod killed;
mod less;
mod liveness;
mod metrics;
mod mount_tables;
mod outside;
mod peers;
mod place;
mod probe;
mod removal;
mod resolv_conf;
mod root;
mod runtimes;
mod silent_programs;
mod since;
mod usage;
mod words;
