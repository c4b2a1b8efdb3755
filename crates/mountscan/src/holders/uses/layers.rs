//! Finds mounts that use another mount: mounts on it, and overlays with layers on it. Pure.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::holders::report::{MountUser, MountedUse};
use crate::ids::Device;
use crate::row::borrowed::Row;
use crate::row::escape::unescape;
use crate::row::mount_info::MountInfo;
use crate::row::point::is_at_or_below;
use crate::table::mount_table::MountTable;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The options of an overlay that name directories.
const DIRECTORIES: [&str; 5] = ["lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"];

/// The mounts of a table that use one of some mounts.
#[derive(Debug, Default)]
pub(crate) struct Users {
    pub(crate) users: Vec<MountUser>,
    /// Overlays of which a layer could not be found. The other overlays of the table have all their
    /// layers elsewhere, or are among the users.
    pub(crate) unplaced: Vec<MountInfo>,
    /// Overlays that are users, or of which every layer was found.
    pub(crate) placed: Vec<Device>,
}

/// The mounts of a table that use one of the mounts `held`. Those are of the same table. `find`
/// gives the directory to which the path of a layer of an overlay leads.
pub(crate) fn users<'t>(
    table: &'t MountTable,
    held: &[MountInfo],
    mut find: impl FnMut(Row<'t>, &Path) -> Option<PathBuf>,
) -> Users {
    let is_held = |row: &Row<'_>| held.iter().any(|info| info.mount_id == row.mount_id());
    let is_there = |path: &Path| {
        let below = |info: &MountInfo| {
            let point = info.mount_point.as_os_str().as_bytes();
            is_at_or_below(path.as_os_str().as_bytes(), point)
        };
        // The text is compared first: a look-up costs more, and most layers are elsewhere.
        held.iter().any(below) && table.mount_of(path).is_some_and(|top| is_held(&top))
    };
    let mut found = Users::default();
    for row in table.rows() {
        let hangs_on = |info: &MountInfo| info.mount_id == row.parent_id();
        // The mounts in question do not use each other: they go together.
        if held.iter().any(hangs_on) && !is_held(&row) {
            found.users.push(user(row, MountedUse::Nested));
        } else if row.has_fs_type("overlay") && !is_held(&row) {
            match place(layers(row), |path| find(row, path), is_there) {
                Placed::There(layer) => {
                    found.placed.push(row.device());
                    found.users.push(user(row, MountedUse::Layer(layer)));
                }
                Placed::Elsewhere => found.placed.push(row.device()),
                Placed::Unknown => found.unplaced.push(row.into()),
            }
        }
    }
    found
}

/// Where the layers of an overlay are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placed {
    /// This one is in the place in question.
    There(PathBuf),
    /// All of them are elsewhere.
    Elsewhere,
    /// None of them was found there, and one was not found at all.
    Unknown,
}

/// Finds where the layers of an overlay are. A layer is in the place in question if its path or the
/// directory to which the path leads is there.
pub(crate) fn place(
    layers: Vec<PathBuf>,
    mut find: impl FnMut(&Path) -> Option<PathBuf>,
    is_there: impl Fn(&Path) -> bool,
) -> Placed {
    let mut answer = Placed::Elsewhere;
    for layer in layers {
        if is_there(&layer) {
            return Placed::There(layer);
        }
        match find(&layer) {
            Some(real) if is_there(&real) => return Placed::There(layer),
            Some(_) => {}
            None => answer = Placed::Unknown,
        }
    }
    answer
}

/// Leaves each overlay once, and only those that no other namespace could place. A container has
/// its own overlay at `/`, where the paths of the host lead nowhere.
pub(crate) fn keep_unplaced(unplaced: &mut Vec<MountInfo>, placed: &HashSet<Device>) {
    let mut seen = placed.clone();
    unplaced.retain(|overlay| seen.insert(overlay.device));
}

fn user(row: Row<'_>, how: MountedUse) -> MountUser {
    MountUser {
        mount: row.into(),
        how,
    }
}

/// The directories of an overlay's options. A relative path was resolved in the working directory
/// of whoever mounted it.
pub(crate) fn layers(row: Row<'_>) -> Vec<PathBuf> {
    let named = named_layers(row).into_iter();
    named.map(|(_, layer)| layer).collect()
}

/// The layer whose directory is shown as the root of an overlay: the upper one, or else the first
/// of the lower ones.
pub(crate) fn shown_layer(row: Row<'_>) -> Option<PathBuf> {
    let named = named_layers(row);
    let upper = named.iter().find(|(name, _)| name == "upperdir");
    let (_, layer) = upper.or(named.first())?;
    Some(layer.clone())
}

/// The directories with the names of their options.
fn named_layers(row: Row<'_>) -> Vec<(OsString, PathBuf)> {
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
        // An empty part stands between the two colons before a layer of data only.
        let parts = parts.filter(|part| !part.as_os_str().is_empty());
        layers.extend(parts.map(|part| (name.to_owned(), part)));
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
7 1 0:9 / /m4 rw - overlay o rw,lowerdir=/usr:/l/B
8 1 0:10 / /m5 rw - overlay o rw,lowerdir=/usr::/opt
",
        );
        let held = [MountInfo::from(table.at(Path::new("/data"))[0])];
        // One layer is named by a link, and the relative one cannot be found.
        let find = |_: Row<'_>, path: &Path| match path.to_str()? {
            "/l/B" => Some("/data/b/diff".into()),
            _ => path.is_absolute().then(|| path.to_owned()),
        };
        let all = users(&table, &held, find);
        let found: Vec<_> = all
            .users
            .iter()
            .map(|user| (user.mount.mount_id.0, user.how.clone()))
            .collect();
        let want = [
            (3, MountedUse::Nested),
            (4, MountedUse::Layer("/data/a:b".into())),
            (5, MountedUse::Layer("/data/up".into())),
            (7, MountedUse::Layer("/l/B".into())),
        ];
        assert_eq!(found, want);
        let unplaced: Vec<_> = all.unplaced.iter().map(|m| m.mount_id.0).collect();
        assert_eq!(unplaced, [6]);
        assert_eq!(all.placed.len(), 4, "{:?}", all.placed);
    }
}
