//! The features document of an OCI runtime.
//!
//! It is read leniently, because the specification grows. An unknown name does not cost the rest.
//! The whole document is kept.

use std::sync::Arc;

use super::version::Version;
use crate::json::Value;

/// What a runtime printed for `features`.
///
/// The accessors take a path of member names, so that members newer than this crate can
/// be asked for too; the common ones have a method of their own.
///
/// # Examples
///
/// ```
/// use runtimes::{Features, Listed};
///
/// let features = Features::parse(br#"{"hooks": [], "linux": {"cgroup": {"v2": true}}}"#)?;
/// assert_eq!(features.hooks(), Listed::Names(vec![]));
/// assert_eq!(features.mount_options(), Listed::Absent);
/// assert_eq!(features.flag(&["linux", "cgroup", "v2"]), Some(true));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    document: Value,
    /// The version is asked for only where the document alone would mislead. Shims always tell it.
    version: Option<Version>,
}

/// A list in a features document. Absent, null and empty mean three different things.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed<'a> {
    /// Not there: the runtime does not say.
    Absent,
    /// `null`: the runtime says that it does not say.
    Null,
    /// Something other than a list of strings; treat it as unknown.
    WrongType,
    /// The names, unknown ones included; empty means none is supported.
    Names(Vec<&'a str>),
}

impl Listed<'_> {
    /// Whether the list has this name; `None` if there is no list.
    pub fn contains(&self, name: &str) -> Option<bool> {
        match self {
            Self::Names(names) => Some(names.contains(&name)),
            _ => None,
        }
    }
}

impl Features {
    /// Parses a document. It must be one JSON object with no text after it.
    ///
    /// # Errors
    ///
    /// One line that says why this is no features document.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        match Value::parse(text) {
            Ok(document @ Value::Object(_)) => Ok(Self {
                document,
                version: None,
            }),
            Ok(other) => Err(format!("an object is wanted, not {}", other.type_name())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// `mountOptions`: the mount options the runtime knows.
    pub fn mount_options(&self) -> Listed<'_> {
        self.list(&["mountOptions"])
    }

    /// `hooks`: the hooks the runtime knows.
    pub fn hooks(&self) -> Listed<'_> {
        self.list(&["hooks"])
    }

    /// `linux.namespaces`: the namespaces the runtime knows.
    pub fn namespaces(&self) -> Listed<'_> {
        self.list(&["linux", "namespaces"])
    }

    /// `linux.capabilities`: the capabilities the runtime knows.
    pub fn capabilities(&self) -> Listed<'_> {
        self.list(&["linux", "capabilities"])
    }

    /// `ociVersionMin`: the oldest runtime-spec version the runtime accepts.
    pub fn oci_version_min(&self) -> Option<&str> {
        self.text(&["ociVersionMin"])
    }

    /// `ociVersionMax`: the newest runtime-spec version the runtime accepts.
    pub fn oci_version_max(&self) -> Option<&str> {
        self.text(&["ociVersionMax"])
    }

    /// `annotations`: what the runtime says of itself, in the order of the document.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        let members = match self.member(&["annotations"]) {
            Some(Value::Object(members)) => members.as_slice(),
            _ => &[],
        };
        members
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// The list at a path of member names.
    pub fn list(&self, path: &[&str]) -> Listed<'_> {
        match self.member(path) {
            None => Listed::Absent,
            Some(Value::Null) => Listed::Null,
            Some(Value::Array(items)) => {
                let names: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                names.map_or(Listed::WrongType, Listed::Names)
            }
            Some(_) => Listed::WrongType,
        }
    }

    /// The truth value at a path; `None` if it is absent, null or something else.
    pub fn flag(&self, path: &[&str]) -> Option<bool> {
        match self.member(path) {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The string at a path; `None` if it is absent, null or something else.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.member(path).and_then(Value::as_str)
    }

    /// The value at a path; `None` if there is none.
    pub fn member(&self, path: &[&str]) -> Option<&Value> {
        path.iter()
            .try_fold(&self.document, |value, key| value.member(key))
    }

    /// The program's version, where [`Registry::probe`](crate::Registry::probe) asked for
    /// it: only of programs that do not list `rro`.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    pub(super) fn with_version(mut self, version: Option<Version>) -> Self {
        self.version = version;
        self
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.document
    }
}

/// What a snapshot knows of a runtime's features.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FeaturesState {
    /// Not asked yet; [`Registry::probe`](crate::Registry::probe) asks.
    NotProbed,
    /// A shim with options of its own: it can only be asked without them, and they may change the
    /// answer. Or a name that is neither configured nor a shim's.
    NotApplicable,
    /// The document.
    Known(Arc<Features>),
    /// The program ran, but gave no document: it may be older than the command.
    NoDocument {
        /// Its version, where `--version` told it.
        version: Option<Version>,
        /// What it did instead.
        reason: String,
    },
    /// The program could not be asked: missing, too slow, too much output. A later
    /// probe tries again.
    Failed {
        /// What happened.
        reason: String,
    },
}

impl FeaturesState {
    /// The document, if there is one.
    pub fn document(&self) -> Option<&Features> {
        match self {
            Self::Known(features) => Some(features),
            _ => None,
        }
    }

    /// Whether the same program would give the same answer again.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Known(_) | Self::NoDocument { .. })
    }
}
