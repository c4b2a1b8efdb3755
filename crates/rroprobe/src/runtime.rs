//! The OCI runtime's half of the answer. The caller finds it out.

use std::fmt;

/// Whether the OCI runtime makes a mount recursively read-only when it is told `rro`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuntimeSupport {
    /// It does.
    Yes,
    /// It does not. It may refuse the option, or ignore it and mount writable.
    No,
    /// Nobody knows.
    Unknown,
}

impl RuntimeSupport {
    /// One stable word: `yes`, `no` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// What an operator can do about it; `None` when there is nothing to repair.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::No => {
                Some("use a runtime with the mount option rro: runc 1.1, crun 1.4 or newer")
            }
            Self::Unknown => {
                Some("use a runtime that reports its features: runc 1.1, crun 1.8.6 or newer")
            }
        }
    }
}

/// What a runtime does with a plain `ro`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlainRo {
    /// It makes that mount read-only, and leaves the mounts below it as they are.
    Alone,
    /// It makes the mounts below read-only, too. So `ro` does what `rro` is meant for.
    Recursive,
    /// Nobody knows. Treat it like [`Alone`](Self::Alone).
    Unknown,
}

/// What is known about a runtime, and the reason for it.
///
/// The reason is never lost: a [`Verdict`](crate::Verdict) and errors show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeAnswer {
    /// What it does with `rro`.
    pub support: RuntimeSupport,
    /// What it does with `ro`.
    pub plain_ro: PlainRo,
    /// What this rests on; one line without a full stop.
    pub reason: String,
}

impl RuntimeAnswer {
    /// An answer with a reason.
    pub fn new(support: RuntimeSupport, reason: impl Into<String>) -> Self {
        Self {
            support,
            plain_ro: PlainRo::Unknown,
            reason: reason.into(),
        }
    }

    /// The answer for a runtime that has no features document.
    pub fn no_document() -> Self {
        let reason = "the runtime gives no features document";
        Self::new(RuntimeSupport::Unknown, reason)
    }

    /// The same answer with what the runtime does with a plain `ro`.
    pub fn with_plain_ro(mut self, plain_ro: PlainRo) -> Self {
        self.plain_ro = plain_ro;
        self
    }

    /// Whether it is [`RuntimeSupport::Yes`].
    pub fn is_supported(&self) -> bool {
        self.support == RuntimeSupport::Yes
    }
}

impl fmt::Display for RuntimeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Reads the runtime's half out of the `mountOptions` of its features document.
///
/// `None` stands for a document without the list (absent or `null`): unknown, not no. For a
/// runtime without any document use [`RuntimeAnswer::no_document`].
///
/// A features document tells what was built into the runtime. It says nothing of the kernel,
/// and some runtimes do more than they list. The `runtimes` crate of this family runs the
/// program under limits and knows versions.
///
/// # Examples
///
/// ```
/// use rroprobe::{RuntimeSupport, runtime_support};
///
/// let support = |list: Option<&[&str]>| runtime_support(list).support;
/// assert_eq!(support(Some(&["bind", "ro", "rro"])), RuntimeSupport::Yes);
/// assert_eq!(support(Some(&["bind", "ro"])), RuntimeSupport::No);
/// assert_eq!(support(None), RuntimeSupport::Unknown);
/// ```
///
/// # References
///
/// OCI runtime specification, `features.md`, `mountOptions`.
pub fn runtime_support<S: AsRef<str>>(mount_options: Option<&[S]>) -> RuntimeAnswer {
    match mount_options {
        None => {
            let reason = "the runtime's features document has no list of mount options";
            RuntimeAnswer::new(RuntimeSupport::Unknown, reason)
        }
        Some(list) if list.iter().any(|option| option.as_ref() == "rro") => {
            let reason = "the runtime's features document lists rro";
            RuntimeAnswer::new(RuntimeSupport::Yes, reason).with_plain_ro(PlainRo::Alone)
        }
        Some(_) => {
            let reason = "the runtime's features document does not list the mount option rro";
            RuntimeAnswer::new(RuntimeSupport::No, reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_empty_and_near_misses_differ() {
        let support = |list: Option<&[&str]>| runtime_support(list).support;
        assert_eq!(support(None), RuntimeSupport::Unknown);
        assert_eq!(support(Some(&[])), RuntimeSupport::No);
        assert_eq!(
            support(Some(&["RRO", "rro ", "rrw", "ro"])),
            RuntimeSupport::No
        );
        let owned = runtime_support(Some(&[String::from("rro")]));
        assert!(owned.is_supported());
    }
}
