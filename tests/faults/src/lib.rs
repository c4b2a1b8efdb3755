//! Kills and fails every system call of the operations that must survive it.
//!
//! For each operation the driver lists the system calls of an undisturbed run,
//! then runs it again from a fresh start for every fault: killed before and
//! after each call, and with each call failing in seven ways. After each run it
//! looks at what is there, lets the next start of the daemon put it in order,
//! and looks again. Everything happens in a mount namespace of its own.
//!
//! x86_64 and glibc only: registers are read and written. Elsewhere this crate
//! is empty.
#![cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
#![forbid(unsafe_code)]
// What a driver prints is its report.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod apart;
mod calls;
mod campaign;
mod child;
mod driver;
mod durability;
mod fault;
mod mounts;
mod operation;
mod operations;
mod outcome;
mod parallel;
mod report;
mod schedule;
mod tracer;
mod trial;
mod watchdog;
mod world;

pub use driver::main;
