//! What every chore answers.

/// Did the chore find the tree in order?
pub(crate) type Verdict = anyhow::Result<bool>;
