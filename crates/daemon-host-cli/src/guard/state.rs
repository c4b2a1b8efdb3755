//! Reads how a process is, from its `stat` in procfs. Pure.

/// How a process ended, as wait(2) writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitStatus(pub(super) i32);

/// The first thread's state and its exit status, as numbers of fields after the name in proc(5).
const STATE: usize = 0;
const EXIT_CODE: usize = 49;

/// How the process ended, if its first thread has. Its other threads may wait for ever.
pub(super) fn ended(stat: &str) -> Option<WaitStatus> {
    // The name of a program may hold blanks and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    if fields.nth(STATE)? != "Z" {
        return None;
    }
    let code = fields.nth(EXIT_CODE - STATE - 1)?;
    code.parse().ok().map(WaitStatus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, state: &str, code: &str) -> String {
        format!("812 ({name}) {state}{} {code}\n", " 0".repeat(48))
    }

    #[test]
    fn the_first_thread_that_has_ended_tells_its_status() {
        assert_eq!(
            ended(&stat("daemon-host", "Z", "512")),
            Some(WaitStatus(512))
        );
        assert_eq!(ended(&stat(") Z 1 (", "S", "0")), None);
        assert_eq!(ended(&stat("a b) c", "Z", "15")), Some(WaitStatus(15)));
        assert_eq!(ended("812 (x) Z 1 2"), None);
        assert_eq!(ended(""), None);
    }

    #[test]
    fn the_kernel_has_the_status_where_it_is_looked_for() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "exit 7"])
            .spawn()
            .unwrap();
        let stat = format!("/proc/{}/stat", child.id());
        let begin = std::time::Instant::now();
        let status = loop {
            let text = std::fs::read_to_string(&stat).unwrap();
            match ended(&text) {
                Some(status) => break status,
                None => assert!(begin.elapsed().as_secs() < 60, "{text}"),
            }
        };
        assert_eq!(status, WaitStatus(7 << 8));
        child.wait().unwrap();
    }
}
