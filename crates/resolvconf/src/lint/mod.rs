//! What is odd about a document, and what its lines do to each reader. This room is pure.

mod diagnostic;
mod effects;
mod explain;
mod groups;
mod known;
mod numeric;
mod options;
mod rules;
mod search;
mod servers;
mod traits;
mod words;

pub use diagnostic::{Diagnostic, DiagnosticKind, Severity};
pub use explain::Explanation;
