//! Integration tests: the public API only, on text, on the running kernel, and in namespaces of
//! their own.

mod everywhere;
mod extent;
mod filtered;
mod holders;
mod idmapped;
mod kernel;
mod life;
mod lists;
mod namespace;
mod procfs;
mod properties;
mod refresh;
mod residents;
mod storm;
mod structure;
mod threads;
mod uses;
mod vectors;
mod watch;
