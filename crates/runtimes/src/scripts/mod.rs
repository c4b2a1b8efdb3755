//! Wrapper scripts: their text and name, the directory they are in, who uses them, and
//! the removal of those that nobody uses.

mod directory;
mod lock;
mod references;
mod script;
mod store;
mod sweep;
mod temp;
mod write;

pub use references::{BUNDLE_DIRS, References};
pub use script::{SHELL, Script, is_script_name};
pub use store::{Published, Store};
pub use sweep::{Reason, SweepReport, Verdict, plan_sweep, sweep};
