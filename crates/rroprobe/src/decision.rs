//! Which mount option a container's mount gets.

use std::fmt;

use crate::error::Error;
use crate::runtime::PlainRo;
use crate::verdict::Verdict;

/// The wishes of a container's user for one mount. The default is a writable mount without wishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MountRequest {
    /// The mount is to be read-only.
    pub read_only: bool,
    /// Its sub-mounts are to stay writable (moby's `ReadOnlyNonRecursive`).
    pub non_recursive: bool,
    /// Its sub-mounts must be read-only too, or the container must not start
    /// (`ReadOnlyForceRecursive`).
    pub force_recursive: bool,
}

impl MountRequest {
    /// A read-only mount without further wishes: recursive where that works.
    pub fn read_only() -> Self {
        Self {
            read_only: true,
            ..Self::default()
        }
    }
}

/// The option word for the runtime's mount entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountOption {
    /// `ro`: this mount alone.
    Ro,
    /// `rro`: this mount and all mounts below it.
    Rro,
}

impl MountOption {
    /// The word as OCI runtimes read it: `ro` or `rro`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::Rro => "rro",
        }
    }
}

impl fmt::Display for MountOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Decides between `ro`, `rro` and nothing for one mount, by moby's table.
///
/// | request | supported | not supported or unknown |
/// |---|---|---|
/// | writable | nothing | nothing |
/// | read-only | `rro` | `ro` |
/// | read-only, non-recursive | `ro` | `ro` |
/// | read-only, force-recursive | `rro` | error `Unsupported`; `ro` where a plain `ro` is recursive |
/// | both wishes, or a wish on a writable mount | error `Conflict` | error `Conflict` |
///
/// A sub-mount that appears after the mount was made is not covered by `rro`; private propagation
/// (`rprivate`) prevents that.
///
/// # Errors
///
/// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the wishes contradict each other or the
/// mount is writable; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when recursion is
/// forced and the verdict is not yes; the message says which half is missing.
///
/// # Examples
///
/// ```
/// use rroprobe::{KernelSupport, MountOption, MountRequest, RuntimeAnswer, Verdict, decide};
///
/// let verdict = Verdict::new(KernelSupport::Supported, RuntimeAnswer::no_document());
/// let mut request = MountRequest::read_only();
/// assert_eq!(decide(request, &verdict)?, Some(MountOption::Ro));
/// request.force_recursive = true;
/// let error = decide(request, &verdict).unwrap_err();
/// assert!(error.to_string().contains("no features document"));
/// # Ok::<(), rroprobe::Error>(())
/// ```
pub fn decide(request: MountRequest, verdict: &Verdict) -> Result<Option<MountOption>, Error> {
    match (
        request.read_only,
        request.non_recursive,
        request.force_recursive,
    ) {
        (_, true, true) => Err(Error::conflict(
            "read-only mount: non-recursive and force-recursive contradict each other",
        )),
        (false, false, false) => Ok(None),
        (false, true, false) => Err(Error::conflict(
            "writable mount: non-recursive needs read-only",
        )),
        (false, false, true) => Err(Error::conflict(
            "writable mount: force-recursive needs read-only",
        )),
        (true, true, false) => Ok(Some(MountOption::Ro)),
        (true, false, _) if verdict.is_supported() => Ok(Some(MountOption::Rro)),
        (true, false, false) => Ok(Some(MountOption::Ro)),
        // gVisor must not be given `rro`: some of its versions then mount writable.
        (true, false, true) if verdict.runtime.plain_ro == PlainRo::Recursive => {
            Ok(Some(MountOption::Ro))
        }
        (true, false, true) => Err(Error::unsupported(verdict)),
    }
}
