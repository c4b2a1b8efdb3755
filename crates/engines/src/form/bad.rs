//! What is wrong with a file of engines.

use std::fmt;

/// A file of engines that is not valid, with the line of the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEngines {
    pub(super) line: Option<usize>,
    pub(super) what: String,
}

impl BadEngines {
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            what: what.into(),
        }
    }

    /// The line, from 1; `None` if the file could not be read at all.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for BadEngines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for BadEngines {}
