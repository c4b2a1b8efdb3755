//! What is odd about a document, and what its lines do. This room is pure.

mod diagnostic;
mod explain;
mod limits;
mod rules;

pub use diagnostic::{Diagnostic, DiagnosticKind, Severity};
pub use explain::Explanation;
pub use limits::Limits;
