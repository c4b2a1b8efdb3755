//! What to look for, and where.

use std::path::PathBuf;

use mountscan::Proc;

use crate::engine::Engine;

/// What [`detect`](crate::detect()) looks for, and where.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DetectOptions {
    /// The engines to look for; default all built-in ones.
    pub engines: Vec<Engine>,
    /// The directory that stands for `/`; paths in the answer begin with it. Default `/`.
    pub root: PathBuf,
    /// Which procfs to read; by default the one at `/proc`. If something else is there, the answer
    /// says that processes and sockets could not be looked at.
    pub proc: Proc,
}

impl DetectOptions {
    /// All built-in engines, on this machine.
    pub fn new() -> Self {
        Self {
            engines: Engine::built_in(),
            root: PathBuf::from("/"),
            proc: Proc::default(),
        }
    }

    /// Looks for these engines.
    pub fn engines(mut self, engines: Vec<Engine>) -> Self {
        self.engines = engines;
        self
    }
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self::new()
    }
}
