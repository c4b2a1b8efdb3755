//! What a runtime says of itself: its features document, its version, and how it is asked.

mod cage;
mod document;
mod fault;
mod pipe;
pub(crate) mod probe;
mod probe_options;
mod rro;
mod run_limited;
mod shim_info;
mod version;

pub use document::{Features, FeaturesState, Listed};
pub use probe_options::ProbeOptions;
pub use rro::{RroAnswer, RroSupport};
pub use version::Version;
