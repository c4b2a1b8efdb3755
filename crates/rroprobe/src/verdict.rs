//! Puts the answers of kernel and runtime together.

use std::fmt;

use crate::kernel::KernelSupport;
use crate::runtime::{RuntimeAnswer, RuntimeSupport};

/// Both halves of the answer: recursive read-only mounts of containers need the kernel *and*
/// the runtime.
///
/// [`Display`](fmt::Display) says in one line whether they work, and which half is missing
/// and why.
///
/// # Examples
///
/// ```
/// use rroprobe::{KernelSupport, Verdict, runtime_support};
///
/// let verdict = Verdict::new(KernelSupport::Supported, runtime_support(Some(&["ro"])));
/// assert!(!verdict.is_supported());
/// assert_eq!(
///     verdict.to_string(),
///     "recursive read-only mounts do not work: \
///      the runtime's features document does not list the mount option rro",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The kernel's half.
    pub kernel: KernelSupport,
    /// The runtime's half.
    pub runtime: RuntimeAnswer,
}

impl Verdict {
    /// Puts the halves together.
    pub fn new(kernel: KernelSupport, runtime: RuntimeAnswer) -> Self {
        Self { kernel, runtime }
    }

    /// True when both halves say yes. An unknown runtime counts as no: a container must not
    /// start with a promise that may not be kept.
    pub fn is_supported(&self) -> bool {
        self.kernel.is_supported() && self.runtime.is_supported()
    }

    /// What an operator can do, the kernel's half first; empty when all is well.
    pub fn remedies(&self) -> impl Iterator<Item = &'static str> + use<> {
        let runtime = self.runtime.support.remedy();
        self.kernel.remedy().into_iter().chain(runtime)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, runtime } = self;
        let fail = "recursive read-only mounts do not work";
        match (kernel.is_supported(), runtime.support) {
            (true, RuntimeSupport::Yes) => {
                f.write_str("recursive read-only mounts work: kernel and runtime support them")
            }
            (false, RuntimeSupport::Yes) => write!(f, "{fail}: {kernel}"),
            (true, RuntimeSupport::Unknown) => {
                write!(
                    f,
                    "it is unknown whether recursive read-only mounts work: {runtime}"
                )
            }
            (true, RuntimeSupport::No) => write!(f, "{fail}: {runtime}"),
            (false, _) => write!(f, "{fail}: {kernel}; {runtime}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Absence;

    #[test]
    fn the_verdict_names_each_missing_half() {
        let old = KernelSupport::Absent(Absence::OldKernel);
        let answer = |support, reason: &str| RuntimeAnswer::new(support, reason);
        let yes = || answer(RuntimeSupport::Yes, "it lists rro");
        let kernel_only = Verdict::new(old, yes()).to_string();
        assert!(kernel_only.contains("older than 5.12"), "{kernel_only}");
        assert!(!kernel_only.contains("rro"), "{kernel_only}");
        let both = Verdict::new(old, answer(RuntimeSupport::No, "crun 1.3 is too old"));
        assert!(both.to_string().contains("older than 5.12"), "{both}");
        assert!(both.to_string().ends_with("crun 1.3 is too old"), "{both}");
        assert_eq!(both.remedies().count(), 2);
        let unknown = Verdict::new(KernelSupport::Supported, RuntimeAnswer::no_document());
        assert!(!unknown.is_supported());
        let text = unknown.to_string();
        assert!(text.starts_with("it is unknown") && text.ends_with("no features document"));
        let fine = Verdict::new(KernelSupport::Supported, yes());
        assert!(fine.is_supported());
        assert_eq!(fine.remedies().count(), 0);
    }
}
