//! One mount in JSON, as the events and the holders show it.

use daemon_host::mountscan::MountInfo;
use serde::Serialize;

use crate::output::Bytes;

/// The facts by which a reader recognises a mount.
#[derive(Serialize)]
pub(super) struct MountJson<'m> {
    id: u32,
    parent: u32,
    unique_id: Option<u64>,
    #[serde(flatten)]
    mount_point: Bytes<'m>,
    #[serde(flatten)]
    root: Bytes<'m>,
    #[serde(flatten)]
    fs_type: Bytes<'m>,
    #[serde(flatten)]
    source: Bytes<'m>,
    propagation: String,
}

impl<'m> MountJson<'m> {
    pub(super) fn new(mount: &'m MountInfo) -> Self {
        Self {
            id: mount.mount_id.0,
            parent: mount.parent_id.0,
            unique_id: mount.unique_id.map(|id| id.0),
            mount_point: Bytes::path("mount_point", &mount.mount_point),
            root: Bytes::path("root", &mount.root),
            fs_type: Bytes::text("fs_type", &mount.fs_type),
            source: Bytes::text("source", &mount.source),
            propagation: mount.propagation().to_string(),
        }
    }
}
