//! What to look for, and where.

use std::path::PathBuf;

use crate::engine::Engine;

/// What [`detect`](crate::detect()) looks for, and where.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DetectOptions {
    /// The engines to look for; default all built-in ones.
    pub engines: Vec<Engine>,
    /// The directory that stands for `/`; paths in the answer begin with it. Default `/`.
    pub root: PathBuf,
    /// Where procfs is; default `/proc`.
    pub proc: PathBuf,
}

impl DetectOptions {
    /// All built-in engines, on this machine.
    pub fn new() -> Self {
        Self {
            engines: Engine::built_in(),
            root: PathBuf::from("/"),
            proc: PathBuf::from("/proc"),
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
