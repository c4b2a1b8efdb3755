//! Whether the answer of a program shows that it is broken.

use super::document::FeaturesState;
use super::rro::RroSupport;

impl FeaturesState {
    /// What is wrong with the program, as far as the probe showed it; `None` if nothing is.
    ///
    /// A program without a features command is not at fault if it tells its version and may
    /// be older than the command, or of a kind that never had it.
    pub fn fault(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason),
            Self::NoDocument { version, reason } => {
                let is_known = |name: &str| matches!(name, "runc" | "crun");
                let fails = version.as_ref().is_none_or(|version| {
                    is_known(&version.runtime) && self.rro().support == RroSupport::Unknown
                });
                fails.then_some(reason)
            }
            _ => None,
        }
    }
}
