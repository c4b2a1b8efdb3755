//! What the report says about mounts. `collect` counts them. `probe` asks them, through children
//! (`prober`). `findings` decides, `since` by an earlier report, too.

mod collect;
mod facts;
mod findings;
mod probe;
mod prober;
mod since;

pub(super) use collect::collect;
pub(super) use facts::{Mounts, Repeated};
pub(super) use findings::findings;
pub(super) use probe::{Probed, State, Which};
pub(crate) use prober::{PROBER, run as probe_mounts};
pub(super) use since::{Earlier, growth};
