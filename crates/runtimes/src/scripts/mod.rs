//! Wrapper scripts: their text and name, and the directory that they are in.

pub(crate) mod calls;
pub(crate) mod directory;
mod found;
pub(crate) mod lock;
pub(crate) mod script;
mod store;
pub(crate) mod temp;
mod write;

pub use script::{SHELL, Script, is_script_name};
pub use store::{PublishedScripts, ScriptStore};
