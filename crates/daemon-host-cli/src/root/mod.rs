//! `root`: shows the state of the daemon's data root, and changes it.

mod below;
mod cleanup;
mod command;
mod evidence;
mod prepare;
mod roots;
mod state;
mod status;

pub(crate) use below::{OfTypeJson, others_text};
pub(crate) use command::{Command, run};
pub(crate) use evidence::{EvidenceArgs, EvidenceJson};
pub(crate) use roots::{RootArgs, Roots};
pub(crate) use state::RootState;
pub(crate) use status::is_doubtful;
