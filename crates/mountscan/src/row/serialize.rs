//! Serialises rows, with the feature `serde`, in the shape of `daemon-host mounts list --json`.
//!
//! Text that is not UTF-8 is given lossily. A sibling `<field>_hex` then has its bytes in
//! hexadecimal: a string for a string, a list of strings for a list.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::id_maps::{IdMaps, IdRange};
use crate::ids::{Device, MountId, UniqueMountId};
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::row::parse::MalformedRow;
use crate::row::propagation::PeerGroup;

impl Serialize for MountInfo {
    /// `id`, `parent`, `unique_id`, `major`, `minor`, `root`, `mount_point`, `mount_options`,
    /// `shared`, `master`, `propagate_from`, `unbindable`, `unknown_tags`, `fs_type`, `source`,
    /// `super_options`, `deleted`; null where there is none.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shape {
            ids: (self.mount_id, self.parent_id, self.unique_id),
            device: self.device,
            root: (&self.root, self.is_root_deleted),
            mount_point: &self.mount_point,
            mount_options: self.mount_options.iter().map(OsString::as_os_str),
            id_maps: self.id_maps.as_ref(),
            groups: [self.shared, self.master, self.propagate_from],
            unbindable: self.is_unbindable,
            unknown_tags: self.unknown_tags.iter().map(|tag| OsStr::from_bytes(tag)),
            fs_type: &self.fs_type,
            source: &self.source,
            super_options: self.super_options.iter().map(OsString::as_os_str),
        }
        .serialize(serializer)
    }
}

impl Serialize for Row<'_> {
    /// The shape of [`MountInfo`]. Nothing is copied.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unknown_tags: Vec<&[u8]> = self.unknown_tags().collect();
        Shape {
            ids: (self.mount_id(), self.parent_id(), self.unique_id()),
            device: self.device(),
            root: (&self.root(), self.is_root_deleted()),
            mount_point: &self.mount_point(),
            mount_options: self.mount_options(),
            id_maps: self.id_maps(),
            groups: [self.shared(), self.master(), self.propagate_from()],
            unbindable: self.is_unbindable(),
            unknown_tags: unknown_tags.into_iter().map(OsStr::from_bytes),
            fs_type: &self.fs_type(),
            source: &self.source(),
            super_options: self.super_options(),
        }
        .serialize(serializer)
    }
}

/// The fields of both kinds of row. Lists are written word by word, because an overlay row may have
/// thousands of words.
struct Shape<'a, M, U, S> {
    ids: (MountId, MountId, Option<UniqueMountId>),
    device: Device,
    root: (&'a Path, bool),
    mount_point: &'a Path,
    mount_options: M,
    id_maps: Option<&'a IdMaps>,
    groups: [Option<PeerGroup>; 3],
    unbindable: bool,
    unknown_tags: U,
    fs_type: &'a OsStr,
    source: &'a OsStr,
    super_options: S,
}

impl<'a, M, U, O> Serialize for Shape<'_, M, U, O>
where
    M: Iterator<Item = &'a OsStr> + Clone,
    U: Iterator<Item = &'a OsStr> + Clone,
    O: Iterator<Item = &'a OsStr> + Clone,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [shared, master, from] = self.groups.map(|group| group.map(|group| group.0));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.ids.0.0)?;
        map.serialize_entry("parent", &self.ids.1.0)?;
        map.serialize_entry("unique_id", &self.ids.2.map(|id| id.0))?;
        map.serialize_entry("major", &self.device.major)?;
        map.serialize_entry("minor", &self.device.minor)?;
        text(&mut map, "root", self.root.0)?;
        text(&mut map, "mount_point", self.mount_point)?;
        list(&mut map, "mount_options", &self.mount_options)?;
        map.serialize_entry("id_maps", &self.id_maps)?;
        map.serialize_entry("shared", &shared)?;
        map.serialize_entry("master", &master)?;
        map.serialize_entry("propagate_from", &from)?;
        map.serialize_entry("unbindable", &self.unbindable)?;
        list(&mut map, "unknown_tags", &self.unknown_tags)?;
        text(&mut map, "fs_type", self.fs_type)?;
        text(&mut map, "source", self.source)?;
        list(&mut map, "super_options", &self.super_options)?;
        map.serialize_entry("deleted", &self.root.1)?;
        map.end()
    }
}

impl Serialize for IdMaps {
    /// `state`, and if it is `known` also `users` and `groups`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("state", self.as_str())?;
        if let Self::Known { users, groups } = self {
            map.serialize_entry("users", users)?;
            map.serialize_entry("groups", groups)?;
        }
        map.end()
    }
}

impl Serialize for IdRange {
    /// `stored`, `seen`, `count`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("IdRange", 3)?;
        record.serialize_field("stored", &self.stored)?;
        record.serialize_field("seen", &self.seen)?;
        record.serialize_field("count", &self.count)?;
        record.end()
    }
}

impl Serialize for MalformedRow {
    /// `line` and `reason`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("MalformedRow", 2)?;
        record.serialize_field("line", &self.line)?;
        record.serialize_field("reason", &self.reason.to_string())?;
        record.end()
    }
}

fn text<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: impl AsRef<OsStr>,
) -> Result<(), M::Error> {
    let value = value.as_ref();
    map.serialize_entry(name, &value.to_string_lossy())?;
    if value.to_str().is_none() {
        map.serialize_entry(&format!("{name}_hex"), &hex(value))?;
    }
    Ok(())
}

fn list<'a, M: SerializeMap>(
    map: &mut M,
    name: &str,
    words: &(impl Iterator<Item = &'a OsStr> + Clone),
) -> Result<(), M::Error> {
    map.serialize_entry(name, &Each(words.clone().map(OsStr::to_string_lossy)))?;
    if words.clone().any(|word| word.to_str().is_none()) {
        map.serialize_entry(&format!("{name}_hex"), &Each(words.clone().map(hex)))?;
    }
    Ok(())
}

/// Writes a list without holding it in memory.
struct Each<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

fn hex(value: &OsStr) -> String {
    value
        .as_bytes()
        .iter()
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}"); // cannot fail
            out
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::MountTable;

    #[test]
    fn a_row_has_the_shape_of_the_contract() {
        let table = MountTable::from_bytes(
            &b"7 1 0:9 /r//deleted /m\\040\xff rw,nosuid master:3 odd:1 - fuse.x s rw,a=1,a=2\n"[..],
        );
        let row = table.rows().next().expect("one");
        let want = json!({
            "id": 7, "parent": 1, "unique_id": null, "major": 0, "minor": 9, "root": "/r",
            "mount_point": "/m \u{fffd}", "mount_point_hex": "2f6d20ff",
            "mount_options": ["rw", "nosuid"], "id_maps": null, "shared": null, "master": 3, "propagate_from": null,
            "unbindable": false, "unknown_tags": ["odd:1"], "fs_type": "fuse.x", "source": "s",
            "super_options": ["rw", "a=1", "a=2"], "deleted": true,
        });
        assert_eq!(serde_json::to_value(row).expect("plain data"), want);
        let owned = serde_json::to_value(MountInfo::from(row));
        assert_eq!(owned.expect("plain data"), want);
        let bad = MountTable::from_bytes("x\n");
        let want = json!([{"line": 1, "reason": "mount id is not a number"}]);
        assert_eq!(
            serde_json::to_value(bad.malformed()).expect("plain data"),
            want
        );
    }
}
