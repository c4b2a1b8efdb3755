//! Whether a runtime can make mounts recursively read-only.
//!
//! The answer comes from the features that it lists, and from what is known about it.
//!
//! A runtime may do more than it lists, or less. The page of the crate has the table of facts.

use super::facts::{self, Deed, Fact};
use crate::features::{FeaturesState, Listed, Version};

/// A runtime's own answer about recursive read-only mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RroAnswer {
    /// What it does with the mount option `rro`.
    pub support: RroSupport,
    /// Whether a plain `ro` makes the mounts below read-only, too; `None` if nobody knows.
    pub is_ro_recursive: Option<bool>,
    /// What the answer rests on; one line for a person.
    pub reason: String,
}

/// Whether a runtime knows the mount option `rro`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RroSupport {
    /// It does.
    Yes,
    /// It does not, and must never be given it.
    No,
    /// It does not say.
    Unknown,
}

impl RroSupport {
    /// The name that machines read: `yes`, `no` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl RroAnswer {
    fn new(support: RroSupport, reason: impl Into<String>) -> Self {
        Self {
            support,
            is_ro_recursive: (support == RroSupport::Yes).then_some(false),
            reason: reason.into(),
        }
    }

    fn unknown(reason: &str) -> Self {
        Self::new(RroSupport::Unknown, reason)
    }
}

impl FeaturesState {
    /// Whether the runtime can mount recursively read-only, as far as it says or as its
    /// version is known for.
    ///
    /// What the kernel can do is another question, for another crate.
    pub fn rro(&self) -> RroAnswer {
        answer(self)
    }
}

/// Finds the answer from the known facts about a runtime.
fn answer(state: &FeaturesState) -> RroAnswer {
    match state {
        FeaturesState::NotProbed => RroAnswer::unknown("the runtime has not been asked yet"),
        FeaturesState::NotApplicable => {
            RroAnswer::unknown("a shim is not asked if it has no entry, or options of its own")
        }
        FeaturesState::Failed { reason } => RroAnswer::unknown(reason),
        FeaturesState::Known(features) => {
            let listed = by_list(&features.mount_options());
            match features.version() {
                Some(version) if listed.support != RroSupport::Yes => {
                    by_deed(version).unwrap_or(listed)
                }
                _ => listed,
            }
        }
        FeaturesState::NoDocument { version, reason } => by_version(version.as_ref(), reason),
    }
}

fn by_list(options: &Listed<'_>) -> RroAnswer {
    match options.contains("rro") {
        Some(true) => RroAnswer::new(RroSupport::Yes, "its features document lists rro"),
        Some(false) => RroAnswer::new(RroSupport::No, "its features document does not list rro"),
        None => RroAnswer::unknown("its features document lists no mount options"),
    }
}

/// Name and version; a shim may tell no version.
fn known_as(version: &Version) -> String {
    let name = format!("{} {}", version.runtime, version.version);
    name.trim_end().to_owned()
}

/// Runtimes of which containers have shown something else than they list.
fn by_deed(version: &Version) -> Option<RroAnswer> {
    let name = known_as(version);
    let fact = fact(version)?;
    match (fact.given_rro, fact.lists) {
        (Deed::Recursive, Some(false)) => Some(RroAnswer::new(
            RroSupport::Yes,
            format!("{name} knows rro, though its features document does not list it"),
        )),
        // By its list or its version.
        (Deed::Recursive, _) => None,
        (deed, _) => Some(never(&name, fact, deed)),
    }
}

/// The answer for a runtime that must not be given `rro`.
fn never(name: &str, fact: &Fact, deed: Deed) -> RroAnswer {
    let is_own = name.contains(fact.version);
    let what = match deed {
        Deed::Refused if is_own => "refuses rro",
        Deed::Writable if is_own => "ignores rro and mounts writable",
        _ => "may ignore rro and mount writable",
    };
    let is_ro_recursive = fact.given_ro == Deed::Recursive;
    let end = if is_ro_recursive {
        "; its plain ro is recursive"
    } else {
        ""
    };
    RroAnswer {
        is_ro_recursive: Some(is_ro_recursive),
        ..RroAnswer::new(RroSupport::No, format!("{name} {what}{end}"))
    }
}

/// What was seen of this version, or of the last one before it. gVisor writes its versions in
/// several ways, and no version of it takes `rro`.
fn fact(version: &Version) -> Option<&'static Fact> {
    let own = || facts::of(&version.runtime).find(|fact| version.version.contains(fact.version));
    let before = || {
        let is_before = |fact: &&Fact| Version::of(fact.version).numbers() <= version.numbers();
        facts::of(&version.runtime).filter(is_before).last()
    };
    match version.runtime.as_str() {
        "runsc" => own().or_else(|| facts::of("runsc").last()),
        _ => before(),
    }
}

/// crun knows `rro` since 1.4 but `features` only since 1.8.6; runc both since 1.1.0.
fn by_version(version: Option<&Version>, reason: &str) -> RroAnswer {
    let Some(version) = version else {
        return RroAnswer::unknown(reason);
    };
    if let Some(answer) = by_deed(version) {
        return answer;
    }
    let name = known_as(version);
    match (version.runtime.as_str(), version.numbers()) {
        ("crun", [0, ..] | [1, 0..=3, _]) => RroAnswer::new(
            RroSupport::No,
            format!("{name} is older than rro in crun, 1.4"),
        ),
        ("crun", [1, 4..=7, _] | [1, 8, 0..=5]) => RroAnswer::new(
            RroSupport::Yes,
            format!("{name} knows rro, though it has no features command"),
        ),
        ("runc", [0, ..] | [1, 0, _]) => RroAnswer::new(
            RroSupport::No,
            format!("{name} is older than rro in runc, 1.1"),
        ),
        _ => RroAnswer::unknown(&format!("{name}: {reason}")),
    }
}
