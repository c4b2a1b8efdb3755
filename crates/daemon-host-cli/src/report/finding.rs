//! Something that the report found and that somebody should look at.

use serde::Serialize;

/// What findings are about.
pub(super) const SUBJECTS: [&str; 7] = [
    "configuration",
    "mounts",
    "root",
    "resolv.conf",
    "links",
    "read-only",
    "runtimes",
];

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Something does not work.
    Problem,
    /// Something works less well than it could, or may come to fail.
    Warning,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
        }
    }
}

/// One finding: its subject, what is wrong, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) subject: &'static str,
    pub(crate) what: String,
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn problem(subject: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Problem, subject, what)
    }

    pub(crate) fn warning(subject: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Warning, subject, what)
    }

    fn new(severity: Severity, subject: &'static str, what: impl Into<String>) -> Self {
        debug_assert!(SUBJECTS.contains(&subject), "{subject} is not listed");
        let (cause, remedy) = (String::new(), String::new());
        Self {
            severity,
            subject,
            what: what.into(),
            cause,
            remedy,
        }
    }

    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}
