//! Mounts below a data root that are not of its containers: volumes, remote shares, anything that
//! a person mounted there. Whoever removes the directory removes what is in them. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{CleanupPlan, KeepReason};
use serde::Serialize;

use crate::mounts::{is_network, is_remote};
use crate::output::{Bytes, shown};

/// The mounts of one type of file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfType {
    fs_type: String,
    count: usize,
    first: PathBuf,
}

/// The mounts that no rule names, by type: those over a network first, then those with a server on
/// this machine.
pub(crate) fn others_below(plan: &CleanupPlan, table: &MountTable) -> Vec<OfType> {
    let mut types: BTreeMap<(u8, String), OfType> = BTreeMap::new();
    for kept in plan.kept() {
        if kept.reason != KeepReason::NoRule {
            continue;
        }
        let row = table.by_id(kept.mount.mount_id);
        let fs_type = row
            .map(|row| row.fs_type().into_owned())
            .unwrap_or_default();
        let rank = match (is_network(&fs_type), is_remote(&fs_type)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let fs_type = fs_type.to_string_lossy().into_owned();
        let of_type = types.entry((rank, fs_type.clone())).or_insert(OfType {
            fs_type,
            count: 0,
            first: kept.mount.mount_point.clone(),
        });
        of_type.count += 1;
    }
    types.into_values().collect()
}

/// As words: the types with their numbers, and where the first of each is.
pub(crate) fn others_text(all: &[OfType]) -> String {
    let one = |of: &OfType| {
        let more = if of.count > 1 { ", …" } else { "" };
        format!("{} {} ({}{more})", of.fs_type, of.count, shown(&of.first))
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One type, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct OfTypeJson<'o> {
    fs_type: &'o str,
    count: usize,
    #[serde(flatten)]
    first: Bytes<'o>,
}

impl<'o> OfTypeJson<'o> {
    pub(crate) fn all(all: &'o [OfType]) -> Vec<Self> {
        let json = |of: &'o OfType| Self {
            fs_type: &of.fs_type,
            count: of.count,
            first: Bytes::path("first", &of.first),
        };
        all.iter().map(json).collect()
    }
}

#[cfg(test)]
mod tests {
    use daemon_host::rootmount::{PlanOptions, Rules, plan};

    use super::*;

    #[test]
    fn mounts_over_a_network_are_named_first() {
        let table = MountTable::from_bytes(
            "1 0 0:1 / / rw - ext4 /dev/a rw\n\
             2 1 0:2 / /d/foo rw - tmpfs t rw\n\
             3 1 0:3 / /d/bar rw - tmpfs t rw\n\
             4 1 0:4 / /d/share rw - nfs4 srv:/x rw\n\
             5 1 0:5 / /d/remote rw - fuse.sshfs me@x: rw\n\
             6 1 0:6 / /elsewhere rw - tmpfs t rw\n",
        );
        let plan = plan(&table, &Rules::sweep(), &PlanOptions::new("/d")).unwrap();
        assert_eq!(
            others_text(&others_below(&plan, &table)),
            "nfs4 1 (/d/share), fuse.sshfs 1 (/d/remote), tmpfs 2 (/d/foo, …)"
        );
        assert_eq!(others_text(&[]), "");
    }
}
