//! A kind of directory below which an engine mounts.

use crate::engine::{Rule, Shape};

/// A kind of directory below which an engine mounts, with the rules for what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Root {
    /// What the engine calls the directory: `data`, `state`, `run`.
    pub name: String,
    /// The arguments of the engine's daemons that move it: `--data-root`.
    pub flags: Vec<String>,
    /// The keys of the engine's configuration that move it: `data-root`, `storage.graphroot`.
    /// What follows a `+` is appended to the value: `data-dir+/agent/containerd`.
    pub keys: Vec<String>,
    /// Directories below it that are roots of this kind, too.
    pub nested: Vec<Shape>,
    /// Whether others use the directory, too. Then it does not show that the engine is here.
    pub is_shared: bool,
    /// What is mounted below it.
    pub rules: Vec<Rule>,
}

impl Root {
    /// A root without rules.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            flags: Vec::new(),
            keys: Vec::new(),
            nested: Vec::new(),
            is_shared: false,
            rules: Vec::new(),
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Says which arguments and which keys of the configuration move it.
    #[must_use]
    pub(crate) fn moved_by(mut self, flags: &[&str], keys: &[&str]) -> Self {
        self.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        self.keys = keys.iter().map(|&key| key.to_owned()).collect();
        self
    }
}
