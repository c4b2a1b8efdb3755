//! Where the command stands: on the host, in a container, or in another mount namespace that it
//! has entered.
//!
//! `surroundings` is pure over what `look` has read. `enter`, `process` and `host` change the
//! namespaces of this process. `ground` remembers it. `remedy` says what helps after an error.

mod enter;
mod ground;
mod host;
mod look;
mod process;
mod remedy;
mod surroundings;

pub(crate) use ground::{as_here, flags, host_root, own_pid};
pub(crate) use host::HostArgs;
pub(crate) use look::surroundings;
pub(crate) use process::{PidArgs, no_process};
pub(crate) use remedy::remedy;
pub(crate) use surroundings::Surroundings;
