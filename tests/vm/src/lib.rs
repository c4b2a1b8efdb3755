//! Privileged tests, run inside virtual machines on every kernel of the matrix.
//!
//! One file below `tests/` per crate. Each test is ignored with a reason that
//! begins with `vm:`, so that `cargo test` counts it as ignored on any machine and
//! `cargo xtask vm` finds it; each begins with `support::namespace::isolated`
//! or `support::guest::require`, so that `--ignored` by hand changes nothing. A test
//! that needs longer than a minute says so in its reason: `(limit 300 s)`.
//!
//! A feature that a kernel lacks is an answer, not a reason to skip: see
//! `support::kernel::expect_since`.
#![forbid(unsafe_code)]
