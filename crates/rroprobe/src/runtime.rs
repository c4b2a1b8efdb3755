//! The OCI runtime's half, and both halves together.

use std::fmt;

use crate::kernel::KernelSupport;

/// Whether the OCI runtime knows the mount option `rro`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuntimeSupport {
    /// Its features document lists `rro`, or its version is known to have it.
    Yes,
    /// Its features document lists mount options without `rro`, or its version is too old.
    No,
    /// It does not say.
    Unknown(WhyUnknown),
}

/// Why nothing is known of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhyUnknown {
    /// The features document has no list of mount options (absent or `null`). The OCI specification says
    /// that this means *unknown*, whereas an empty list means *none*.
    NoList,
    /// There is no features document: the runtime has no `features` command or it failed.
    NoDocument,
    /// Nobody has asked the runtime yet. A later look may have the answer.
    NotAsked,
    /// There is no program to ask, as with a shim that is named by its type.
    NoProgram,
    /// The program could not be asked: missing, too slow, too much output. A later try may succeed.
    Failed,
}

impl RuntimeSupport {
    /// No features document could be had.
    pub const NO_DOCUMENT: Self = Self::Unknown(WhyUnknown::NoDocument);

    /// True for [`Yes`](Self::Yes) alone.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        matches!(self, Self::Yes)
    }

    /// One stable word: `yes`, `no` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What an operator can do about it; `None` when there is nothing to repair.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::No => {
                Some("use a runtime with the mount option rro: runc 1.1 or crun 1.4, or newer")
            }
            Self::Unknown(WhyUnknown::NotAsked) => Some("look again when the runtime has answered"),
            Self::Unknown(WhyUnknown::Failed) => {
                Some("check that the runtime's program is there and that its features command ends")
            }
            Self::Unknown(_) => {
                Some("use a runtime that reports its features: runc 1.1 or crun 1.8.6, or newer")
            }
        }
    }
}

impl fmt::Display for RuntimeSupport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "the runtime knows the mount option rro",
            Self::No => "the runtime does not know the mount option rro",
            Self::Unknown(WhyUnknown::NoList) => {
                "the runtime's features document has no list of mount options"
            }
            Self::Unknown(WhyUnknown::NoDocument) => "the runtime gives no features document",
            Self::Unknown(WhyUnknown::NotAsked) => "the runtime has not been asked yet",
            Self::Unknown(WhyUnknown::NoProgram) => "there is no program to ask for its features",
            Self::Unknown(WhyUnknown::Failed) => "the runtime could not be asked for its features",
        })
    }
}

/// Reads the runtime's half out of the `mountOptions` of its features document.
///
/// `None` stands for a document without the list (absent or `null`): unknown, not no. For a runtime
/// without any document use [`RuntimeSupport::NO_DOCUMENT`].
///
/// A features document tells what was compiled into the runtime; it says nothing of the kernel.
///
/// # Examples
///
/// ```
/// use rroprobe::{RuntimeSupport, runtime_support};
///
/// assert_eq!(runtime_support(Some(&["bind", "ro", "rro"])), RuntimeSupport::Yes);
/// assert_eq!(runtime_support(Some(&["bind", "ro"])), RuntimeSupport::No);
/// assert_eq!(runtime_support(None::<&[&str]>).word(), "unknown");
/// ```
///
/// # References
///
/// OCI runtime specification, `features.md`, `mountOptions`.
#[must_use]
pub fn runtime_support<S: AsRef<str>>(mount_options: Option<&[S]>) -> RuntimeSupport {
    match mount_options {
        None => RuntimeSupport::Unknown(WhyUnknown::NoList),
        Some(list) if list.iter().any(|option| option.as_ref() == "rro") => RuntimeSupport::Yes,
        Some(_) => RuntimeSupport::No,
    }
}

/// Both halves of the answer: recursive read-only mounts of containers need the kernel *and* the runtime.
///
/// [`Display`](fmt::Display) says in one line whether they work, and which half is missing and why.
///
/// # Examples
///
/// ```
/// use rroprobe::{KernelSupport, RuntimeSupport, Verdict};
///
/// let verdict = Verdict::new(KernelSupport::Supported, RuntimeSupport::No);
/// assert!(!verdict.is_supported());
/// assert_eq!(
///     verdict.to_string(),
///     "recursive read-only mounts do not work: the runtime does not know the mount option rro",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Verdict {
    /// The kernel's half.
    pub kernel: KernelSupport,
    /// The runtime's half.
    pub runtime: RuntimeSupport,
}

impl Verdict {
    /// Puts the halves together.
    #[must_use]
    pub fn new(kernel: KernelSupport, runtime: RuntimeSupport) -> Self {
        Self { kernel, runtime }
    }

    /// True when both halves say yes. An unknown runtime counts as no: a container must not start with a
    /// promise that may not be kept.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        self.kernel.is_supported() && self.runtime.is_supported()
    }

    /// What an operator can do, the kernel's half first; empty when all is well.
    pub fn remedies(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.kernel
            .remedy()
            .into_iter()
            .chain(self.runtime.remedy())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, runtime } = self;
        match (kernel.is_supported(), runtime.is_supported()) {
            (true, true) => {
                f.write_str("recursive read-only mounts work: kernel and runtime support them")
            }
            (false, true) => write!(f, "recursive read-only mounts do not work: {kernel}"),
            (true, false) if matches!(runtime, RuntimeSupport::Unknown(_)) => {
                write!(
                    f,
                    "it is unknown whether recursive read-only mounts work: {runtime}"
                )
            }
            (true, false) => write!(f, "recursive read-only mounts do not work: {runtime}"),
            (false, false) => {
                write!(
                    f,
                    "recursive read-only mounts do not work: {kernel}; {runtime}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Absence;

    #[test]
    fn absent_empty_and_near_misses_are_told_apart() {
        assert_eq!(
            runtime_support(None::<&[&str]>),
            RuntimeSupport::Unknown(WhyUnknown::NoList)
        );
        assert_eq!(runtime_support::<&str>(Some(&[])), RuntimeSupport::No);
        assert_eq!(
            runtime_support(Some(&["RRO", "rro ", "rrw", "ro"])),
            RuntimeSupport::No
        );
        assert_eq!(
            runtime_support(Some(&[String::from("rro")])),
            RuntimeSupport::Yes
        );
    }

    #[test]
    fn the_verdict_names_each_missing_half() {
        let old = KernelSupport::Absent(Absence::OldKernel);
        let kernel_only = Verdict::new(old, RuntimeSupport::Yes).to_string();
        assert!(kernel_only.contains("older than 5.12"), "{kernel_only}");
        assert!(!kernel_only.contains("runtime"), "{kernel_only}");
        let both = Verdict::new(old, RuntimeSupport::No);
        assert!(both.to_string().contains("older than 5.12"), "{both}");
        assert!(both.to_string().contains("does not know"), "{both}");
        assert_eq!(both.remedies().count(), 2);
        let unknown = Verdict::new(KernelSupport::Supported, RuntimeSupport::NO_DOCUMENT);
        assert!(!unknown.is_supported());
        assert!(
            unknown.to_string().starts_with("it is unknown"),
            "{unknown}"
        );
        let early = RuntimeSupport::Unknown(WhyUnknown::NotAsked);
        let early = Verdict::new(KernelSupport::Supported, early).to_string();
        assert!(early.ends_with("has not been asked yet"), "{early}");
        let fine = Verdict::new(KernelSupport::Supported, RuntimeSupport::Yes);
        assert!(fine.is_supported());
        assert_eq!(fine.remedies().count(), 0);
    }
}
