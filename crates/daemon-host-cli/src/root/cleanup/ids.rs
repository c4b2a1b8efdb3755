//! Finds out which container somebody means by an id, the beginning of an id, or a name. Pure.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path};

use daemon_host::engines::{Containers, Resolved};
use daemon_host::mountscan::MountTable;

/// The shortest beginning of an id that is accepted. A shorter one says too little.
pub(super) const SHORTEST: usize = 3;

/// A name of at least this many hexadecimal digits looks like an id.
const LIKE_AN_ID: usize = 12;

/// Everything that somebody may mean.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Ids of containers and of layers.
    ids: BTreeSet<String>,
    /// Names of directories below which mounts lie.
    directories: BTreeSet<String>,
    /// Containers by name.
    stores: Vec<Containers>,
}

impl Ids {
    /// The ids in the paths of mounts below a root.
    pub(super) fn of_table(root: &Path, table: &MountTable) -> Self {
        let mut known = Self::default();
        for row in table.under(root) {
            let point = row.mount_point();
            let below = point.strip_prefix(root).unwrap_or(&point);
            for component in below.components() {
                let Component::Normal(name) = component else {
                    continue;
                };
                let name = name.to_string_lossy();
                let name = name.strip_suffix("-init").unwrap_or(&name);
                if is_like_an_id(name) {
                    known.ids.insert(name.to_owned());
                }
                known.directories.insert(name.to_owned());
            }
        }
        known
    }

    /// Adds an id.
    pub(super) fn add(&mut self, id: &OsStr) {
        self.ids.insert(id.to_string_lossy().into_owned());
    }

    /// Adds what a store knows: ids and names.
    pub(super) fn add_store(&mut self, store: Containers) {
        self.stores.push(store);
    }

    /// The full id of what somebody typed.
    pub(super) fn find(&self, asked: &str) -> Resolved {
        if self.ids.contains(asked) || self.directories.contains(asked) {
            return Resolved::One(asked.to_owned());
        }
        let stores = self.stores.iter().map(|store| store.resolve(asked));
        let mut known = stores.filter(|found| *found != Resolved::None);
        if let Some(found) = known.next() {
            return found;
        }
        let is_long = asked.len() >= SHORTEST;
        let begin = self
            .ids
            .iter()
            .filter(|id| is_long && id.starts_with(asked));
        let mut begin: Vec<String> = begin.cloned().collect();
        match begin.len() {
            0 => Resolved::None,
            1 => Resolved::One(begin.remove(0)),
            _ => Resolved::Several(begin),
        }
    }
}

fn is_like_an_id(name: &str) -> bool {
    name.len() >= LIKE_AN_ID && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Ids {
        let (one, two) = ("3f1c".repeat(16), "3f1d".repeat(16));
        let table = MountTable::from_bytes(
            format!(
                "1 0 0:1 / /r rw - t s rw\n\
                 2 1 0:2 / /r/overlay2/{one}/merged rw - t s rw\n\
                 3 1 0:3 / /r/overlay2/{two}-init/merged rw - t s rw\n\
                 4 1 0:4 / /elsewhere/{} rw - t s rw\n",
                "9".repeat(64)
            )
            .into_bytes(),
        );
        let mut ids = Ids::of_table(Path::new("/r"), &table);
        ids.add(OsStr::new("c1"));
        ids
    }

    #[test]
    fn a_full_id_and_the_beginning_of_one_are_found() {
        let ids = sample();
        let one = "3f1c".repeat(16);
        let is = |asked: &str, id: &str| {
            assert_eq!(ids.find(asked), Resolved::One(id.to_owned()), "{asked}");
        };
        is(&one, &one);
        is(&one[..12], &one);
        is("3f1c", &one);
        is("c1", "c1");
        is("3f1d3", &"3f1d".repeat(16));
    }

    #[test]
    fn what_matches_nothing_or_several_is_said() {
        let ids = sample();
        for asked in ["web", "3f", "9999"] {
            assert_eq!(ids.find(asked), Resolved::None, "{asked}");
        }
        let both = vec!["3f1c".repeat(16), "3f1d".repeat(16)];
        assert_eq!(ids.find("3f1"), Resolved::Several(both));
    }
}
