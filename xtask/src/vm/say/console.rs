//! What a guest's console tells of a machine that died. Verdicts never come
//! from here: tests can write to it.

/// A finding in the kernel's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) what: &'static str,
    pub(crate) line: String,
}

const MARKS: &[(&str, &str)] = &[
    ("Kernel panic - not syncing", "the kernel panicked"),
    ("Oops:", "the kernel oopsed"),
    ("BUG: unable to handle", "the kernel oopsed"),
    (
        "Out of memory: Killed process",
        "the guest ran out of memory",
    ),
    (
        "Initramfs unpacking failed",
        "the initramfs did not fit into memory",
    ),
    ("soft lockup", "a processor of the guest hung"),
    ("detected stall", "a processor of the guest hung"),
    ("No working init found", "the kernel could not start /init"),
    ("guest-init: ", "PID 1 complained"),
];

/// The worst mark on the console, in the order of the table.
pub(crate) fn finding(text: &str) -> Option<Finding> {
    MARKS.iter().find_map(|(mark, what)| {
        let line = text.lines().find(|line| line.contains(mark))?;
        Some(Finding {
            what,
            line: line.trim().to_owned(),
        })
    })
}

/// The last lines.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().map(str::trim_end).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_found_before_its_echoes() {
        let text = "[ 1.0] guest-init: cannot\n[ 2.0] Out of memory: Killed process 7 (t)\n\
            [ 2.1] Kernel panic - not syncing: Attempted to kill init!\n";
        let finding = finding(text).unwrap();
        assert_eq!(finding.what, "the kernel panicked");
        assert!(finding.line.contains("Attempted to kill init"));
        assert_eq!(super::finding("all is well"), None);
    }

    #[test]
    fn the_tail_is_short_and_clean() {
        assert_eq!(tail("a\r\nb\r\nc\r\n", 2), "b\nc");
        assert_eq!(tail("a", 9), "a");
        assert_eq!(tail("", 3), "");
    }
}
