//! Exit codes: 0 fine, 1 a finding, 2 usage or failure.

use std::process::ExitCode;

/// How a subcommand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is in order.
    Fine,
    /// It ran, and found something that a person should look at.
    Finding,
    /// It could not do what was asked.
    Failure,
}

impl Exit {
    /// `Finding` when something was found.
    pub(crate) fn finding_if(found: bool) -> Self {
        if found { Self::Finding } else { Self::Fine }
    }

    /// The number that the caller sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Finding => 1,
            Self::Failure => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
