//! Serialisation of rows, behind the feature `serde`: the shape of `daemon-host mounts list --json`.
//!
//! Text that is not UTF-8 is given lossily, with its bytes in hexadecimal in a sibling `<field>_hex`: a string for a
//! string, a list of strings for a list.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::info::MountInfo;
use crate::parse::MalformedRow;
use crate::row::Row;

impl Serialize for MountInfo {
    /// `id`, `parent`, `unique_id` (where known), `major`, `minor`, `root`, `mount_point`, `mount_options`, `shared`,
    /// `master`, `propagate_from`, `unbindable`, `unknown_tags` (where there are any), `fs_type`, `source`,
    /// `super_options`, `deleted`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.mount_id.0)?;
        map.serialize_entry("parent", &self.parent_id.0)?;
        if let Some(id) = self.unique_id {
            map.serialize_entry("unique_id", &id.0)?;
        }
        map.serialize_entry("major", &self.device.major)?;
        map.serialize_entry("minor", &self.device.minor)?;
        text(&mut map, "root", "root_hex", self.root.as_os_str())?;
        text(
            &mut map,
            "mount_point",
            "mount_point_hex",
            self.mount_point.as_os_str(),
        )?;
        list(
            &mut map,
            "mount_options",
            "mount_options_hex",
            &words(&self.mount_options),
        )?;
        map.serialize_entry("shared", &self.shared.map(|group| group.0))?;
        map.serialize_entry("master", &self.master.map(|group| group.0))?;
        map.serialize_entry("propagate_from", &self.propagate_from.map(|group| group.0))?;
        map.serialize_entry("unbindable", &self.is_unbindable)?;
        if !self.unknown_tags.is_empty() {
            let tags: Vec<&OsStr> = self
                .unknown_tags
                .iter()
                .map(|tag| OsStr::from_bytes(tag))
                .collect();
            list(&mut map, "unknown_tags", "unknown_tags_hex", &tags)?;
        }
        text(&mut map, "fs_type", "fs_type_hex", &self.fs_type)?;
        text(&mut map, "source", "source_hex", &self.source)?;
        list(
            &mut map,
            "super_options",
            "super_options_hex",
            &words(&self.super_options),
        )?;
        map.serialize_entry("deleted", &self.is_root_deleted)?;
        map.end()
    }
}

impl Serialize for Row<'_> {
    /// As [`MountInfo`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_owned().serialize(serializer)
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

fn words(words: &[std::ffi::OsString]) -> Vec<&OsStr> {
    words.iter().map(AsRef::as_ref).collect()
}

fn text<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    hex_name: &'static str,
    value: &OsStr,
) -> Result<(), M::Error> {
    let lossy = value.to_string_lossy();
    map.serialize_entry(name, &lossy)?;
    if let Cow::Owned(_) = lossy {
        map.serialize_entry(hex_name, &hex(value))?;
    }
    Ok(())
}

fn list<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    hex_name: &'static str,
    values: &[&OsStr],
) -> Result<(), M::Error> {
    let lossy: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
    map.serialize_entry(name, &lossy)?;
    if lossy.iter().any(|value| matches!(value, Cow::Owned(_))) {
        map.serialize_entry(
            hex_name,
            &values.iter().map(|value| hex(value)).collect::<Vec<_>>(),
        )?;
    }
    Ok(())
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

    use crate::MountTable;

    #[test]
    fn a_row_has_the_shape_of_the_contract() {
        let table = MountTable::from_bytes(
            &b"7 1 0:9 /r//deleted /m\\040\xff rw,nosuid master:3 odd:1 - fuse.x s rw,a=1,a=2\n"[..],
        );
        let row = table.rows().next().expect("one");
        let want = json!({
            "id": 7, "parent": 1, "major": 0, "minor": 9, "root": "/r",
            "mount_point": "/m \u{fffd}", "mount_point_hex": "2f6d20ff",
            "mount_options": ["rw", "nosuid"], "shared": null, "master": 3, "propagate_from": null,
            "unbindable": false, "unknown_tags": ["odd:1"], "fs_type": "fuse.x", "source": "s",
            "super_options": ["rw", "a=1", "a=2"], "deleted": true,
        });
        assert_eq!(serde_json::to_value(row).expect("plain data"), want);
        let bad = MountTable::from_bytes("x\n");
        let want = json!([{"line": 1, "reason": "mount id is not a number"}]);
        assert_eq!(
            serde_json::to_value(bad.malformed()).expect("plain data"),
            want
        );
    }
}
