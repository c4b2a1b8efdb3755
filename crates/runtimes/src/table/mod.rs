//! The runtime table: made from a configuration, asked by name, compared with another.
//! Pure, except that resolving a name looks at the program and may write its script.

mod diff;
mod faults;
mod index;
mod resolve;
mod runtime_table;
mod table_options;

pub use diff::TableChanges;
pub(crate) use diff::{compare, is_same_program};
pub use faults::{RuntimeFault, RuntimeFaultKind};
pub use resolve::{ResolveError, ResolvedRuntime};
pub use runtime_table::{Runtime, RuntimeKind, Runtimes};
pub use table_options::TableOptions;
