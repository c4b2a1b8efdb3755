//! Counts mounts for the report, and looks at them on request.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use daemon_host::mountscan::{Device, MountTable, Propagation};
use daemon_host::{ANSWER_LIMIT, within};

use super::facts::{Mounts, Repeated};
use super::findings::{COPIED, REPEATED, STACKED};
use super::probe::{Which, probe};
use crate::report::openmetrics::label;

/// Mounts of these types show the kernel's own things, many times each.
const UNCOUNTED: [&str; 4] = ["nsfs", "proc", "sysfs", "cgroup2"];

/// A part of a file system by its device and root: the first mount of it, and how many show it.
type Parts = HashMap<(Device, PathBuf), (PathBuf, usize)>;

pub(in crate::report) fn collect(
    table: &MountTable,
    data_root: Option<&Path>,
    which: Option<Which>,
) -> Mounts {
    let mut by_type = BTreeMap::new();
    let mut points: HashMap<PathBuf, usize> = HashMap::new();
    let mut parts = Parts::new();
    for row in table.rows() {
        *by_type.entry(label(&row.fs_type())).or_default() += 1;
        *points.entry(row.mount_point().into_owned()).or_default() += 1;
        if !UNCOUNTED.iter().any(|name| row.has_fs_type(name)) {
            let part = (row.device(), row.root().into_owned());
            let first = || (row.mount_point().into_owned(), 0);
            parts.entry(part).or_insert_with(first).1 += 1;
        }
    }
    let mut stacks: Vec<_> = points.into_iter().filter(|(_, n)| *n >= STACKED).collect();
    stacks.sort();
    let repeated = repeated(&parts);
    // A stack of one file system is reported once.
    let is_stack = |point: &PathBuf| stacks.iter().any(|(stacked, _)| stacked == point);
    let copies = parts
        .into_values()
        .filter(|(p, n)| *n >= COPIED && !is_stack(p));
    let mut copies: Vec<_> = copies.collect();
    copies.sort();
    let root = table.topmost(Path::new("/")).map(|row| row.propagation());
    let max = fs::read_to_string("/proc/sys/fs/mount-max").ok();
    Mounts {
        count: table.len(),
        malformed: table.malformed_count(),
        by_type,
        stacks,
        copies,
        repeated,
        max: max.and_then(|text| text.trim().parse().ok()),
        root_is_private: root.map(|p| matches!(p, Propagation::Private)),
        covered_data: data_root.map_or_else(Vec::new, |root| covered_data(table, root)),
        probed: which.map(|which| probe(table, which)),
    }
}

/// The parts that have several mounts, by their first mount.
fn repeated(parts: &Parts) -> Vec<Repeated> {
    let several = parts.iter().filter(|(_, (_, count))| *count >= REPEATED);
    let repeated = several.map(|((device, root), (first, count))| Repeated {
        first: first.clone(),
        device: *device,
        root: root.clone(),
        count: *count,
    });
    let mut repeated: Vec<_> = repeated.collect();
    repeated.sort_by(|a, b| a.first.cmp(&b.first));
    repeated
}

/// Directories of the data root that should have a mount, have none, and contain files.
fn covered_data(table: &MountTable, data_root: &Path) -> Vec<PathBuf> {
    let root = data_root.to_owned();
    let found = within(ANSWER_LIMIT, move || {
        let mut found = Vec::new();
        for store in ["overlay2", "overlay", "fuse-overlayfs"] {
            found.extend(entries(&root.join(store)).map(|layer| layer.join("merged")));
        }
        // A volume with options is mounted while it is in use.
        let volumes = entries(&root.join("volumes"));
        let with_options = volumes.filter(|volume| volume.join("opts.json").exists());
        found.extend(with_options.map(|volume| volume.join("_data")));
        found
    });
    // A mount there must not be entered. So only a directory without a mount is opened.
    let unmounted = found.unwrap_or_default().into_iter();
    let unmounted: Vec<PathBuf> = unmounted
        .filter(|path| !table.is_mount_point(path))
        .collect();
    let is_full = |path: &PathBuf| entries(path).next().is_some();
    let full = move || unmounted.into_iter().filter(is_full).collect();
    within(ANSWER_LIMIT, full).unwrap_or_default()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let read = fs::read_dir(directory).into_iter().flatten();
    read.filter_map(|entry| Some(entry.ok()?.path()))
}
