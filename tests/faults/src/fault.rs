//! What is done to an operation, and where: values that a report prints and a
//! command line reads back, so that every violation can be run again.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, bail};

/// One system call of an operation.
///
/// Counted per thread, because threads interleave differently from run to run;
/// the name is a check that the count still means the same call. Where threads
/// share out the work differently each time, calls of a name are counted over
/// all of them instead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    /// Order in which the thread (or child) was born; 0 is the first. `None`: all.
    pub(crate) thread: Option<usize>,
    /// Order of the call in its thread, of those that matter; or of its name in all.
    pub(crate) index: usize,
    /// Name of the call.
    pub(crate) name: String,
}

/// What is done at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Killed before the kernel performs the call.
    KillBefore,
    /// Killed after the kernel performed it, before the program sees the answer.
    KillAfter,
    /// The call is not performed and answers this error.
    Fail {
        errno: Errno,
        /// So does every later call of the same name.
        lasting: bool,
    },
}

/// A fault at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Injection {
    pub(crate) point: Point,
    pub(crate) fault: Fault,
}

/// An error number with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Errno {
    pub(crate) name: &'static str,
    pub(crate) number: i32,
}

/// The errors that are injected: what a full disk, a broken disk, a signal, a
/// seccomp filter, an old kernel and exhausted limits answer.
pub(crate) const ERRNOS: [Errno; 7] = [
    Errno {
        name: "ENOSPC",
        number: libc::ENOSPC,
    },
    Errno {
        name: "EIO",
        number: libc::EIO,
    },
    Errno {
        name: "EINTR",
        number: libc::EINTR,
    },
    Errno {
        name: "EPERM",
        number: libc::EPERM,
    },
    Errno {
        name: "ENOSYS",
        number: libc::ENOSYS,
    },
    Errno {
        name: "EMFILE",
        number: libc::EMFILE,
    },
    Errno {
        name: "ENOMEM",
        number: libc::ENOMEM,
    },
];

impl Errno {
    /// Whether it also comes to stay: a signal passes, the others may last.
    pub(crate) fn may_last(self) -> bool {
        self.number != libc::EINTR
    }
}

impl FromStr for Errno {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Errno> {
        let known = ERRNOS.iter().find(|errno| errno.name == text);
        known
            .copied()
            .with_context(|| format!("{text} is not one of the errors that are injected"))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.thread {
            Some(thread) => write!(f, "{thread}.{}:{}", self.index, self.name),
            None => write!(f, "any.{}:{}", self.index, self.name),
        }
    }
}

impl FromStr for Point {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Point> {
        let parts = text.split_once(':').and_then(|(place, name)| {
            let (thread, index) = place.split_once('.')?;
            let thread = if thread == "any" {
                None
            } else {
                Some(thread.parse().ok()?)
            };
            Some((thread, index.parse().ok()?, name))
        });
        let Some((thread, index, name)) = parts else {
            bail!("{text}: a point is THREAD.INDEX:NAME, as in 0.12:linkat or any.3:linkat");
        };
        Ok(Point {
            thread,
            index,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::KillBefore => f.write_str("kill-before"),
            Fault::KillAfter => f.write_str("kill-after"),
            Fault::Fail {
                errno,
                lasting: false,
            } => write!(f, "fail-{}", errno.name),
            Fault::Fail {
                errno,
                lasting: true,
            } => write!(f, "fail-{}-lasting", errno.name),
        }
    }
}

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Fault> {
        match text {
            "kill-before" => return Ok(Fault::KillBefore),
            "kill-after" => return Ok(Fault::KillAfter),
            _ => {}
        }
        let Some(errno) = text.strip_prefix("fail-") else {
            bail!("{text}: a fault is kill-before, kill-after, fail-ERRNO or fail-ERRNO-lasting");
        };
        let lasting = errno.strip_suffix("-lasting");
        let errno = lasting.unwrap_or(errno).parse()?;
        Ok(Fault::Fail {
            errno,
            lasting: lasting.is_some(),
        })
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.point, self.fault)
    }
}

impl FromStr for Injection {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Injection> {
        let (point, fault) = text
            .split_once('=')
            .with_context(|| format!("{text}: no `=`"))?;
        Ok(Injection {
            point: point.parse()?,
            fault: fault.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_prints_is_read_back() {
        let point = Point {
            thread: Some(1),
            index: 14,
            name: "linkat".to_owned(),
        };
        let loose = Point {
            thread: None,
            ..point.clone()
        };
        assert_eq!(loose.to_string().parse::<Point>().expect("own text"), loose);
        let mut faults = vec![Fault::KillBefore, Fault::KillAfter];
        for errno in ERRNOS {
            faults.push(Fault::Fail {
                errno,
                lasting: false,
            });
            faults.push(Fault::Fail {
                errno,
                lasting: true,
            });
        }
        for fault in faults {
            let injection = Injection {
                point: point.clone(),
                fault,
            };
            let read: Injection = injection.to_string().parse().expect("own text");
            assert_eq!(read, injection);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1", "1:openat", "a.1:openat", "0.1"] {
            assert!(text.parse::<Point>().is_err(), "{text}");
        }
        for text in ["", "kill", "fail-", "fail-EPIPE", "EIO"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
