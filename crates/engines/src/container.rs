//! One container.

/// One container, as its engine's store has it. It need not run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// The full id.
    pub id: String,
    /// The names that people gave it; without the slash that Docker puts in front.
    pub names: Vec<String>,
    /// The ids of its own layers. Its file system is mounted below each of them in turn.
    pub layers: Vec<String>,
}
