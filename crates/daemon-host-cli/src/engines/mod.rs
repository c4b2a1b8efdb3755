//! The engines of this machine, and what each may have left behind.
//!
//! `survey` finds the engines. `elsewhere` are those in other mount namespaces. `target` is one of
//! their directories, with its rules and evidence; `told` are the mounts there that stay. `witness`
//! and `work` know what only engines know. `alive` says what lives on after a clean-up. `command`
//! prints.

mod alive;
mod command;
mod elsewhere;
mod findings;
mod survey;
mod target;
mod told;
mod witness;
mod work;

pub(crate) use alive::still_alive;
pub(crate) use command::{Command, run};
pub(crate) use elsewhere::{Elsewhere, elsewhere};
pub(crate) use findings::findings;
pub(crate) use survey::{EngineFiles, engine_on, survey};
pub(crate) use target::{Leftovers, LeftoversJson, Target};
pub(crate) use work::{Work, with_docker};
