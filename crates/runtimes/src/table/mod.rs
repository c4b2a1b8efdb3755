//! The runtime table: made from a configuration, asked by name, compared with another.
//! Pure, except that resolving a name looks at the program and may write its script.

mod diff;
mod index;
mod resolve;
mod runtime_table;
mod settings;

pub use diff::ReloadReport;
pub(crate) use diff::{compare, is_same_program};
pub use resolve::{ResolveError, Resolved};
pub use runtime_table::{Runtime, RuntimeKind, Runtimes};
pub use settings::Settings;
