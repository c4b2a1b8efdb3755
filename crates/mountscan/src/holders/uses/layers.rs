//! Finds mounts that use another mount: mounts on it, and overlays with layers on it. Pure.

use std::path::{Path, PathBuf};

use crate::holders::report::{MountUser, MountedUse};
use crate::row::borrowed::Row;
use crate::row::escape::unescape;
use crate::row::mount_info::MountInfo;
use crate::row::point::is_at_or_below;
use crate::table::mount_table::MountTable;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The options of an overlay that name directories.
const DIRECTORIES: [&str; 5] = ["lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"];

/// The mounts of a table that use one of the mounts `held`. Those are of the same table.
pub(crate) fn users(table: &MountTable, held: &[MountInfo]) -> Vec<MountUser> {
    let is_held = |row: &Row<'_>| held.iter().any(|info| info.mount_id == row.mount_id());
    let mut users = Vec::new();
    for row in table.rows() {
        let hangs_on = |info: &MountInfo| info.mount_id == row.parent_id();
        // The mounts in question do not use each other: they go together.
        if held.iter().any(hangs_on) && !is_held(&row) {
            let how = MountedUse::Nested;
            users.push(user(row, how));
        } else if row.has_fs_type("overlay") && !is_held(&row) {
            let layer = layers(row).into_iter().find(|layer| {
                let below = |info: &MountInfo| {
                    let point = info.mount_point.as_os_str().as_bytes();
                    is_at_or_below(layer.as_os_str().as_bytes(), point)
                };
                // The text is compared first: a look-up costs more, and most layers are elsewhere.
                held.iter().any(below) && table.mount_of(layer).is_some_and(|top| is_held(&top))
            });
            users.extend(layer.map(|layer| user(row, MountedUse::Layer(layer))));
        }
    }
    users
}

fn user(row: Row<'_>, how: MountedUse) -> MountUser {
    MountUser {
        mount: row.into(),
        how,
    }
}

/// The directories of an overlay's options, as far as their paths are absolute.
pub(crate) fn layers(row: Row<'_>) -> Vec<PathBuf> {
    let mut layers = Vec::new();
    for (name, value) in row.super_options().pairs() {
        let Some(value) = value.filter(|_| DIRECTORIES.iter().any(|known| name == *known)) else {
            continue;
        };
        let text = unescape(value.as_bytes());
        // Only the old form has several directories in one value, with colons between them.
        let parts = match name.to_str() {
            Some("lowerdir") => split(&text),
            _ => vec![text.into_owned()],
        };
        let parts = parts
            .into_iter()
            .map(|part| PathBuf::from(OsString::from_vec(part)));
        // A relative path was resolved in a directory that nobody knows any more.
        layers.extend(parts.filter(|part| Path::new(part).is_absolute()));
    }
    layers
}

/// Splits at colons. A backslash of overlay before a colon or a backslash makes that byte plain
/// text.
fn split(list: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = list.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b':' => parts.push(Vec::new()),
            byte => {
                let plain = match byte {
                    b'\\' => bytes.next().copied().unwrap_or(byte),
                    byte => byte,
                };
                parts.last_mut().expect("one at least").push(plain);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_mounts_and_overlays_with_layers_there_use_a_mount() {
        let table = MountTable::from_bytes(
            r"1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /data rw - ext4 /dev/sdb rw
3 2 0:5 / /data/sub rw - tmpfs t rw
4 1 0:6 / /m1 rw - overlay o rw,lowerdir=/usr:/data/a\134:b,upperdir=/up,workdir=/w
5 1 0:7 / /m2 rw - overlay o rw,lowerdir+=/usr,upperdir=/data/up,workdir=/data/w
6 1 0:8 / /m3 rw - overlay o rw,lowerdir=/database:l/ABC,upperdir=/data/sub/x,workdir=/w
",
        );
        let held = [MountInfo::from(table.at(Path::new("/data"))[0])];
        let found = users(&table, &held);
        let found: Vec<_> = found
            .iter()
            .map(|user| (user.mount.mount_id.0, user.how.clone()))
            .collect();
        let want = [
            (3, MountedUse::Nested),
            (4, MountedUse::Layer("/data/a:b".into())),
            (5, MountedUse::Layer("/data/up".into())),
        ];
        assert_eq!(found, want);
    }
}
