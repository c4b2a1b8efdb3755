//! Who still needs a wrapper script, and the removal of those that nobody needs.

mod bundles;
mod elsewhere;
mod in_root;
mod processes;
mod references;
mod sweep;

pub use bundles::{BUNDLE_DIRS, bundle_dirs};
pub use references::References;
pub use sweep::{Reason, ScriptVerdict, SweepReport, plan_sweep, sweep};
