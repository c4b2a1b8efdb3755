//! The runtime table: made from a configuration, asked by name, compared with another.

mod diff;
mod index;
mod resolve;
mod runtime_table;

pub use diff::ReloadReport;
pub(crate) use diff::{compare, is_same_program};
pub use resolve::{ResolveError, Resolved};
pub use runtime_table::{DEFAULT, Runtime, RuntimeKind, Runtimes, STOCK, Settings, is_permissible};
