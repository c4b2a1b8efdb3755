//! What `/proc/PID/stat` says of a process or a thread.

use crate::error::Error;
use crate::kernel::procfs::ProcDir;

/// Place of the flags in the text, counted from the first field after the `)` of the command.
const FLAGS: usize = 6;
/// Place of the start time, counted in the same way.
const START_TIME: usize = 19;
/// `PF_EXITING` of linux/sched.h: it runs no program any more.
const EXITING: u64 = 0x4;
/// `PF_KTHREAD` of linux/sched.h: it has no program and no memory of its own.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// What the text says. The command is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    state: u8,
    flags: u64,
    /// Start time in clock ticks since the machine was started.
    pub(crate) start: u64,
}

impl Stat {
    /// Parses the text. It counts from the last bracket, because the command may hold blanks and
    /// brackets.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let end = text.iter().rposition(|&byte| byte == b')')?;
        // The command may be any bytes. After it the kernel writes ASCII only.
        let fields = std::str::from_utf8(&text[end + 1..]).ok()?;
        let number = |place: usize| fields.split_ascii_whitespace().nth(place)?.parse().ok();
        Some(Self {
            state: *fields.trim_ascii_start().as_bytes().first()?,
            flags: number(FLAGS)?,
            start: number(START_TIME)?,
        })
    }

    /// Whether it runs no program any more: a zombie, or on its way to become one.
    fn has_ended(self) -> bool {
        // Linux 2.6.33 to 3.13 writes `x` for a dead process, others write `X`. The flag is set
        // first, while the state still says that it runs.
        matches!(self.state, b'Z' | b'X' | b'x') || self.flags & EXITING != 0
    }

    fn is_of_kernel(self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }
}

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// It has ended.
    Ended,
    /// It is a thread of the kernel. It runs no program and lives in no container.
    OfKernel,
    /// It runs. This is also the answer if it cannot be told.
    Runs,
}

/// Whether the process or thread with this directory of procfs runs.
pub(crate) fn run_of(proc: &ProcDir, directory: &str) -> Run {
    match proc.read_first(format!("{directory}/stat")) {
        Err(error) if is_over(&error) => Run::Ended,
        // What cannot be read may still run. Nobody who lives may be overlooked.
        Err(_) => Run::Runs,
        Ok(text) => match Stat::parse(&text) {
            Some(stat) if stat.has_ended() => Run::Ended,
            Some(stat) if stat.is_of_kernel() => Run::OfKernel,
            _ => Run::Runs,
        },
    }
}

/// Whether a process runs, be it only by a thread that outlives the first one. A thread of the
/// kernel does not count.
pub(crate) fn is_running(proc: &ProcDir, pid: u32) -> bool {
    let outlived = || match proc.numbers(format!("{pid}/task")) {
        Ok(tasks) => {
            let mut others = tasks.into_iter().filter(|&id| id != pid);
            others.any(|id| run_of(proc, &format!("{pid}/task/{id}")) == Run::Runs)
        }
        Err(error) => !is_over(&error),
    };
    match run_of(proc, &pid.to_string()) {
        Run::Runs => true,
        Run::Ended => outlived(),
        Run::OfKernel => false,
    }
}

/// Whether an error says that the process is no more.
pub(crate) fn is_over(error: &Error) -> bool {
    // It ended before its file was opened (ENOENT), or before it was read (ESRCH).
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_count_from_the_last_bracket() {
        let text = |state: &str, flags: u64| {
            let text =
                format!("7 (a) b (c) {state} 1 7 7 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 1 0 4711 9");
            Stat::parse(text.as_bytes()).unwrap()
        };
        let plain = text("S", 0x0040_4000);
        assert_eq!((plain.state, plain.start), (b'S', 4711));
        assert!(!plain.has_ended() && !plain.is_of_kernel());
        assert!(text("Z", 0).has_ended() && text("X", 0).has_ended());
        assert!(text("R", EXITING).has_ended());
        assert!(text("I", KERNEL_THREAD).is_of_kernel());
        for short in ["", "7 (a", "7 (a)", "7 (a) S 1"] {
            assert_eq!(Stat::parse(short.as_bytes()), None, "{short}");
        }
    }
}
