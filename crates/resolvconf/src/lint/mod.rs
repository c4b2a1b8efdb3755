//! Finds what is odd about a document, and explains what its lines do to each reader. This room is
//! pure.

mod diagnostic;
mod effects;
mod explain;
mod findings;
mod groups;
mod known;
mod meaning;
mod rules;
mod trace;
mod words;

pub use diagnostic::{Diagnostic, DiagnosticKind, Severity};
pub use explain::Explanation;
