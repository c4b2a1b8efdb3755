//! Refuses to run a privileged test anywhere but in a test VM.

/// The word on the kernel command line that marks a test VM.
pub const MARKER: &str = "daemon_host.guest=1";

/// True in a test VM.
#[must_use]
pub fn is_guest() -> bool {
    std::fs::read_to_string("/proc/cmdline").is_ok_and(|line| marked(&line))
}

/// Ends the test unless this is a test VM.
///
/// Each test of `tests/vm` calls this first (the namespaces of
/// [`crate::namespace`] do it for you), so that `cargo test -- --ignored`
/// on a developer's machine unmounts nothing.
///
/// # Panics
/// Outside a test VM.
pub fn require() {
    assert!(
        is_guest(),
        "this test changes mounts or links and runs only in a test VM: cargo xtask vm"
    );
}

fn marked(command_line: &str) -> bool {
    command_line
        .split_ascii_whitespace()
        .any(|word| word == MARKER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_word_marks_a_guest() {
        assert!(marked("console=ttyS0 daemon_host.guest=1 quiet\n"));
        assert!(!marked("console=ttyS0 xdaemon_host.guest=1"));
        assert!(!marked("daemon_host.guest=10"));
        assert!(!marked(""));
    }

    #[test]
    fn this_machine_is_refused_unless_it_is_a_guest() {
        assert_eq!(std::panic::catch_unwind(require).is_ok(), is_guest());
    }
}
