//! Who still needs a wrapper script, and the removal of those that nobody needs.

mod references;
mod sweep;

pub use references::{BUNDLE_DIRS, References};
pub use sweep::{Reason, SweepReport, Verdict, plan_sweep, sweep};
