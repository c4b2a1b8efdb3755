//! What a container is known by. Values only.

use std::ffi::{OsStr, OsString};

/// A container: its id, and the namespace in which its engine keeps that id.
///
/// containerd keeps the ids of its namespaces apart. So one id in two namespaces is two containers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ContainerKey {
    /// `None` if the engine has no namespaces, or if it is not known.
    pub(crate) namespace: Option<OsString>,
    pub(crate) id: OsString,
}

impl ContainerKey {
    /// A container whose namespace is not known.
    pub(crate) fn of(id: impl Into<OsString>) -> Self {
        Self {
            namespace: None,
            id: id.into(),
        }
    }

    /// Whether something in this namespace may be about it. Where one of both is not known, it may.
    pub(crate) fn may_be_in(&self, namespace: Option<&OsStr>) -> bool {
        let own = self.namespace.as_deref();
        own.is_none() || namespace.is_none() || own == namespace
    }
}
