//! Finds where the layers of overlays are that have relative paths.
//!
//! A relative path was resolved in the working directory of whoever mounted the overlay, and the
//! kernel does not keep that. But an overlay shows which directory is its upper one: both have the
//! same inode number if all layers are on one file system.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::holders::uses::layer_paths::{Entry, LayerPaths};
use crate::holders::uses::layers::{layers, shown_layer};
use crate::ids::Device;
use crate::row::borrowed::Row;

impl<'t, L: FnMut(&Path) -> Option<Entry>> LayerPaths<'t, L> {
    /// The directory to which the path of a layer of an overlay leads, without links. `None` if
    /// that is not known.
    pub(crate) fn find_of(&mut self, overlay: Row<'t>, path: &Path) -> Option<PathBuf> {
        if path.is_absolute() {
            return self.find(path);
        }
        let base = match self.bases.get(&overlay.device()) {
            Some(base) => base.clone(),
            None => {
                let base = self.base_of(overlay.device());
                self.bases.insert(overlay.device(), base.clone());
                base
            }
        };
        self.find(&base?.join(path))
    }

    /// The directory in which the relative paths of an overlay begin. Any mount of the overlay may
    /// tell it.
    fn base_of(&mut self, overlay: Device) -> Option<PathBuf> {
        let table = self.table;
        let mut mounts = table.rows().filter(|row| row.device() == overlay);
        mounts.find_map(|mount| {
            let mut bases = possible_bases(mount).into_iter();
            bases.find(|base| self.is_base(mount, base))
        })
    }

    /// Whether the relative paths of an overlay begin in a directory. All its layers must be found
    /// from there, on one file system. Then the root of the overlay has the inode number of the
    /// layer that it shows.
    fn is_base(&mut self, overlay: Row<'t>, base: &Path) -> bool {
        let mut devices = HashSet::new();
        for layer in layers(overlay) {
            // An absolute path stays as it is.
            let on = self
                .find(&base.join(layer))
                .and_then(|at| self.table.mount_of(&at));
            let Some(on) = on else { return false };
            devices.insert(on.device());
        }
        let shown = shown_layer(overlay).and_then(|layer| self.find(&base.join(layer)));
        let Some(shown) = shown.filter(|_| devices.len() == 1) else {
            return false;
        };
        match ((self.look)(&shown), (self.look)(&overlay.mount_point())) {
            // Another mount may lie over the overlay.
            (Some(Entry::Directory(layer, _)), Some(Entry::Directory(root, on))) => {
                layer == root && on == Some(overlay.mount_id())
            }
            _ => false,
        }
    }
}

/// The directories in which the relative paths of an overlay may begin, the deepest first.
/// Container engines mount in a directory above the mount point, or above the layers that they name
/// in full.
fn possible_bases(overlay: Row<'_>) -> Vec<PathBuf> {
    let absolute = layers(overlay)
        .into_iter()
        .filter(|layer| layer.is_absolute());
    let all = absolute.chain([overlay.mount_point().into()]);
    let mut bases: Vec<PathBuf> = all
        .flat_map(|path| {
            path.ancestors()
                .skip(1)
                .map(Path::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    bases.sort_by_key(|base| Reverse(base.components().count()));
    bases.dedup();
    bases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MountId;
    use crate::table::mount_table::MountTable;

    /// Where a relative layer of an overlay leads, if the overlay's root has this inode number.
    #[track_caller]
    fn begins(options: &str, root: u64, want: Option<&str>) {
        let text = format!(
            "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /other rw - ext4 /dev/sdb rw\n\
             3 1 0:6 / /d/o2/C/merged rw - overlay o rw,{options}\n"
        );
        let table = MountTable::from_bytes(text);
        let look = |path: &Path| match path.to_str()? {
            "/d/o2/l/A" => Some(Entry::Link("../A/diff".into())),
            "/d/o2/C/merged" => Some(Entry::Directory(root, Some(MountId(3)))),
            "/d/o2/C/diff" => Some(Entry::Directory(9, Some(MountId(1)))),
            "/d" | "/d/o2" | "/d/o2/l" | "/d/o2/A" | "/d/o2/A/diff" | "/d/o2/C" | "/other/up" => {
                Some(Entry::Directory(5, Some(MountId(1))))
            }
            _ => None,
        };
        let mut paths = LayerPaths::new(&table, look);
        let overlay = table.rows().last().unwrap();
        for _ in 0..2 {
            let found = paths.find_of(overlay, Path::new("l/A"));
            assert_eq!(found.as_deref(), want.map(Path::new), "{options} {root}");
        }
    }

    #[test]
    fn a_relative_layer_is_found_if_the_overlay_shows_that_it_is_the_one() {
        let there = Some("/d/o2/A/diff");
        begins("lowerdir=l/A:A/diff,upperdir=C/diff,workdir=C", 9, there);
        begins(
            "lowerdir=l/A,upperdir=/d/o2/C/diff,workdir=/d/o2/C",
            9,
            there,
        );
        begins("lowerdir=l/A", 5, there);
        // Another directory is shown, another file system counts, or a layer is not there.
        begins("lowerdir=l/A,upperdir=C/diff,workdir=C", 5, None);
        begins("lowerdir=l/A,upperdir=/other/up,workdir=C", 5, None);
        begins("lowerdir=l/A:l/B,upperdir=C/diff,workdir=C", 9, None);
    }
}
