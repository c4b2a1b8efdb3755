//! What the kernel says about recursive read-only mounts.
//!
//! Two calls are made that must fail. Their error numbers are the answer.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::io::Errno;

use crate::log::debug;
use crate::sys::{self, MountAttr};

/// Whether this kernel, as this thread sees it, can make a mount tree recursively read-only.
///
/// [`Display`](fmt::Display) gives the reason in an operator's words. [`remedy`](Self::remedy) says
/// what to do about it. [`as_str`](Self::as_str) gives one stable word for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelSupport {
    /// The kernel has the call, and this thread may use it.
    Supported,
    /// The call is missing: the kernel answers ENOSYS.
    Absent(Absence),
    /// The kernel has the call, but this thread may not use it.
    Denied(Denial),
    /// A call failed for a reason that may pass, such as a lack of memory or descriptors.
    Fault {
        /// The system call that failed.
        call: &'static str,
        /// Its error number.
        errno: i32,
    },
    /// The call reports success but changes nothing. A sandbox or filter answers for the kernel.
    NoEffect,
}

/// Why a system call is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Absence {
    /// The kernel is older than 5.12.
    OldKernel,
    /// The kernel says that it is 5.12 or newer. A seccomp filter or a sandbox hides the call.
    Hidden,
}

/// Why this thread may not use the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Denial {
    /// `CAP_SYS_ADMIN` is missing in the user namespace that owns this thread's mount namespace.
    Privilege,
    /// A seccomp filter or a security module refuses the call. More privileges do not help.
    Filter,
}

impl KernelSupport {
    /// Asks the kernel whether recursive read-only mounts work for this thread.
    ///
    /// This makes one or two `mount_setattr` calls that are sure to fail: the first on
    /// descriptor −1, the second without an attribute. Their error numbers are the answer.
    /// Nothing is mounted, opened or created, and no privilege is needed. It takes well under
    /// a microsecond. Every call asks the kernel again; [`cached`](Self::cached) does not.
    ///
    /// The answer holds for the calling thread: each thread has its own privileges and filters.
    /// [`prove`](crate::prove) shows the effect itself.
    ///
    /// # Examples
    ///
    /// ```
    /// let kernel = rroprobe::KernelSupport::probe();
    /// println!("{}: {kernel}", kernel.as_str());
    /// if let Some(remedy) = kernel.remedy() {
    ///     println!("to do: {remedy}");
    /// }
    /// ```
    ///
    /// # References
    ///
    /// [`mount_setattr(2)`](https://man7.org/linux/man-pages/man2/mount_setattr.2.html),
    /// since Linux 5.12.
    #[doc(alias = "mount_setattr")]
    pub fn probe() -> Self {
        let verdict = judge(work_call(), shape_call, sys::kernel_release);
        debug!(
            verdict = verdict.as_str(),
            "asked the kernel for recursive read-only"
        );
        verdict
    }

    /// Like [`probe`](Self::probe), but keeps a lasting answer for the life of the process.
    ///
    /// Only answers for which [`is_lasting`](Self::is_lasting) holds are kept. A missing
    /// privilege, a filter or a passing fault is asked for again next time.
    pub fn cached() -> Self {
        // One byte holds the whole answer and guards no other memory, so `Relaxed` is enough.
        static KEPT: AtomicU8 = AtomicU8::new(0);
        match KEPT.load(Ordering::Relaxed) {
            1 => return Self::Supported,
            2 => return Self::Absent(Absence::OldKernel),
            _ => {}
        }
        let verdict = Self::probe();
        if verdict.is_lasting() {
            let code = if verdict.is_supported() { 1 } else { 2 };
            KEPT.store(code, Ordering::Relaxed);
        }
        verdict
    }

    /// True for [`Supported`](Self::Supported) alone.
    pub fn is_supported(&self) -> bool {
        matches!(self, Self::Supported)
    }

    /// True when the answer holds for as long as this kernel runs.
    ///
    /// Privileges, filters and passing faults are not lasting: they differ between threads and
    /// change. `Supported` counts as lasting because it describes the kernel. A thread that later
    /// gives up its privileges must call [`probe`](Self::probe) again.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Supported | Self::Absent(Absence::OldKernel))
    }

    /// One stable word: `supported`, `absent`, `denied`, `fault` or `no-effect`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Absent(_) => "absent",
            Self::Denied(_) => "denied",
            Self::Fault { .. } => "fault",
            Self::NoEffect => "no-effect",
        }
    }

    /// What an operator can do about it; `None` when there is nothing to repair.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Supported => None,
            Self::Absent(Absence::OldKernel) => Some("boot a kernel of version 5.12 or newer"),
            Self::Absent(Absence::Hidden) | Self::Denied(Denial::Filter) => Some(
                "allow mount_setattr in the seccomp profile or sandbox this process runs under",
            ),
            Self::Denied(Denial::Privilege) => {
                Some("run with CAP_SYS_ADMIN, or inside a user and mount namespace of your own")
            }
            Self::Fault { .. } => Some("ask again; the fault may pass"),
            Self::NoEffect => Some("run outside this sandbox, or update it"),
        }
    }
}

impl fmt::Display for KernelSupport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Supported => "the kernel can make mounts recursively read-only",
            Self::Absent(Absence::OldKernel) => {
                "the kernel has no mount_setattr: it is older than 5.12"
            }
            Self::Absent(Absence::Hidden) => {
                "mount_setattr is hidden by a seccomp filter or sandbox: \
                 the kernel is new enough, yet the call answers ENOSYS"
            }
            Self::Denied(Denial::Privilege) => {
                "the kernel has mount_setattr, but this process lacks CAP_SYS_ADMIN \
                 over its mount namespace"
            }
            Self::Denied(Denial::Filter) => {
                "mount_setattr is refused by a seccomp filter or security module"
            }
            Self::Fault { call, errno } => {
                return write!(
                    f,
                    "{call} fails: {}",
                    std::io::Error::from_raw_os_error(*errno)
                );
            }
            Self::NoEffect => {
                "mount_setattr claims success without effect: \
                 a sandbox or filter answers in the kernel's place"
            }
        })
    }
}

/// Makes the real request on a descriptor that cannot exist.
///
/// The attribute is never all zero: the kernel answers that with success before it looks at the
/// descriptor.
fn work_call() -> Result<(), Errno> {
    let attr = MountAttr {
        attr_set: sys::RDONLY,
        ..MountAttr::default()
    };
    // The kernel never sleeps on this path, so EINTR can only come from a filter. A few
    // tries are enough.
    for _ in 0..8 {
        match sys::mount_setattr(-1, c"", sys::EMPTY_PATH | sys::RECURSIVE, Some(&attr)) {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
    Err(Errno::INTR)
}

/// Makes a request whose size is wrong. The kernel refuses it before it looks at privileges.
fn shape_call() -> Result<(), Errno> {
    sys::mount_setattr(-1, c"", 0, None)
}

/// Finds the verdict from the answers.
///
/// `shape` is called only after a refusal, `release` only after ENOSYS.
fn judge(
    work: Result<(), Errno>,
    shape: impl FnOnce() -> Result<(), Errno>,
    release: impl FnOnce() -> Vec<u8>,
) -> KernelSupport {
    match work {
        // The kernel looks at the descriptor last: size, flags and privilege were accepted.
        Err(Errno::BADF) => KernelSupport::Supported,
        Err(Errno::NOSYS) => KernelSupport::Absent(absence(&release())),
        Err(Errno::PERM | Errno::ACCESS) => KernelSupport::Denied(match shape() {
            // The kernel checks the size before the privilege, so EINVAL comes from the kernel
            // itself. A filter that refuses the first call refuses this one, too.
            Err(Errno::INVAL) => Denial::Privilege,
            _ => Denial::Filter,
        }),
        Err(errno) => KernelSupport::Fault {
            call: "mount_setattr",
            errno: errno.raw_os_error(),
        },
        Ok(()) => KernelSupport::NoEffect,
    }
}

/// Decides whether the kernel is old or the call is hidden.
///
/// It reads the release text, such as `6.1.0-31-amd64`. Without a text the call is hidden, because
/// only a filter refuses `uname(2)`.
pub(crate) fn absence(release: &[u8]) -> Absence {
    let mut numbers = release.split(|b| !b.is_ascii_digit()).map(|digits| {
        digits.iter().fold(0u32, |n, d| {
            n.saturating_mul(10).saturating_add(u32::from(d - b'0'))
        })
    });
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if ((1, 0)..(5, 12)).contains(&version) {
        Absence::OldKernel
    } else {
        Absence::Hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        work: Result<(), Errno>,
        shape: Result<(), Errno>,
        release: &str,
        want: KernelSupport,
    ) {
        assert_eq!(judge(work, || shape, || release.as_bytes().to_vec()), want);
    }

    #[test]
    fn the_release_is_the_kernels_own() {
        let want = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc");
        assert_eq!(sys::kernel_release(), want.trim_end().as_bytes());
    }

    #[test]
    fn each_answer_has_its_verdict() {
        use KernelSupport::{Absent, Denied, Fault, NoEffect, Supported};
        let e = Err::<(), Errno>;
        check(e(Errno::BADF), Ok(()), "", Supported);
        check(
            e(Errno::PERM),
            e(Errno::INVAL),
            "",
            Denied(Denial::Privilege),
        );
        check(e(Errno::PERM), e(Errno::PERM), "", Denied(Denial::Filter));
        check(e(Errno::PERM), e(Errno::NOSYS), "", Denied(Denial::Filter));
        check(
            e(Errno::ACCESS),
            e(Errno::ACCESS),
            "",
            Denied(Denial::Filter),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "5.10.0-34-amd64",
            Absent(Absence::OldKernel),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "5.12.0",
            Absent(Absence::Hidden),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "6.1",
            Absent(Absence::Hidden),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "4.18.0-553.el8",
            Absent(Absence::OldKernel),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "10.0",
            Absent(Absence::Hidden),
        );
        check(
            e(Errno::NOSYS),
            e(Errno::NOSYS),
            "",
            Absent(Absence::Hidden),
        );
        let fault = Fault {
            call: "mount_setattr",
            errno: Errno::NOMEM.raw_os_error(),
        };
        check(e(Errno::NOMEM), e(Errno::INVAL), "", fault);
        check(Ok(()), Ok(()), "", NoEffect);
    }

    #[test]
    fn only_what_cannot_change_lasts() {
        assert!(KernelSupport::Supported.is_lasting());
        assert!(KernelSupport::Absent(Absence::OldKernel).is_lasting());
        assert!(!KernelSupport::Absent(Absence::Hidden).is_lasting());
        assert!(!KernelSupport::Denied(Denial::Privilege).is_lasting());
        assert!(!KernelSupport::Denied(Denial::Filter).is_lasting());
        assert!(
            !KernelSupport::Fault {
                call: "fsopen",
                errno: 24
            }
            .is_lasting()
        );
        assert!(!KernelSupport::NoEffect.is_lasting());
    }

    #[test]
    fn an_unprivileged_answer_names_the_privilege() {
        let text = KernelSupport::Denied(Denial::Privilege).to_string();
        assert!(text.contains("CAP_SYS_ADMIN"), "{text}");
        assert!(!text.ends_with('.'));
    }
}
