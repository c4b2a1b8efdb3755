//! One container.

/// One container that an engine's store lists. It need not run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// The full id.
    pub id: String,
    /// The names that people gave it, without the slash that Docker puts in front.
    pub names: Vec<String>,
    /// The ids of its own layers. Its file system is mounted at paths with these ids.
    pub layers: Vec<String>,
}
