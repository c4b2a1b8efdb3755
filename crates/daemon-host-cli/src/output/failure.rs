//! Writes a failure to standard error.

use std::io::{self, Write as _};

use super::paint::{Ink, paint};

/// Prints an error and its causes on one line to standard error. What may help is a second line.
pub(crate) fn error(error: &anyhow::Error, remedy: Option<&str>) {
    let mut stderr = anstream::stderr().lock();
    // If standard error is closed, only the exit code remains. That is right.
    let _ = writeln!(stderr, "{} {error:#}", paint(Ink::Bad, "daemon-host:"));
    if let Some(remedy) = remedy {
        let _ = writeln!(stderr, "{} {remedy}", paint(Ink::Dim, "do:"));
    }
}

/// Whether the error only says that the reader of our output is gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
