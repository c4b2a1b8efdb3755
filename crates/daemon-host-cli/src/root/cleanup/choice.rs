//! Finds out what `--keep` and `--id` mean in every directory that is cleaned up. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use daemon_host::engines::Resolved;
use daemon_host::rootmount::{CleanupPlan, KeepReason, Kept, LayerMap};

use super::ids::{Ids, SHORTEST};
use crate::output::short_id;

/// A directory in which containers are looked up.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) ids: Ids,
    pub(super) layers: LayerMap,
}

/// What was asked for.
pub(super) struct Asked<'a> {
    pub(super) keep: &'a [String],
    pub(super) only: Option<&'a str>,
}

impl Asked<'_> {
    /// Whether no container is named.
    pub(super) fn is_empty(&self) -> bool {
        self.keep.is_empty() && self.only.is_none()
    }
}

/// What the words mean in one directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meant {
    /// Full ids of containers and layers to spare, and who named them.
    pub(super) keep: BTreeMap<OsString, String>,
    /// The only container whose mounts go, with its layers. It is empty if that container is in
    /// another directory. `None` if no container was chosen.
    pub(super) only: Option<HashSet<OsString>>,
}

impl Meant {
    /// Whether the chosen container, if there is one, may have mounts here.
    pub(super) fn is_here(&self) -> bool {
        self.only.as_ref().is_none_or(|only| !only.is_empty())
    }

    /// Whether a mount of the chosen container stays because it lives.
    pub(super) fn is_kept_alive(&self, kept: &[Kept]) -> bool {
        let Some(only) = &self.only else { return false };
        kept.iter().any(|kept| match &kept.reason {
            KeepReason::Live(id) | KeepReason::Lives { container: id, .. } => only.contains(id),
            _ => false,
        })
    }

    /// Reduces a plan to the chosen container, if there is one, and to what further rules name.
    pub(super) fn narrow(&self, plan: CleanupPlan, further: &[String]) -> CleanupPlan {
        let Some(only) = &self.only else {
            return plan;
        };
        let is_further = |rule: &str| {
            let rule = rule.strip_prefix("below ").unwrap_or(rule);
            further.iter().any(|one| one == rule)
        };
        plan.only(|step| {
            let container = step.container.as_ref();
            container.is_some_and(|id| only.contains(id)) || is_further(&step.rule)
        })
    }
}

/// Finds the containers, in the order of the places.
///
/// A container to spare may be in several directories, then all of them are spared. A container
/// to clean up must be in one.
pub(super) fn choose(asked: &Asked<'_>, places: &[Place]) -> anyhow::Result<Vec<Meant>> {
    let mut all: Vec<Meant> = places.iter().map(|_| Meant::default()).collect();
    for word in asked.keep {
        for (at, id) in find("--keep", word, places)? {
            let ids = with_layers(&id, &places[at].layers);
            let said = |known: OsString| {
                let words = words(word, &id, &known);
                (known, words)
            };
            all[at].keep.extend(ids.into_iter().map(said));
        }
    }
    if let Some(word) = asked.only {
        let found = find("--id", word, places)?;
        if let [_, _, ..] = &found[..] {
            let paths: Vec<&Path> = found.iter().map(|(at, _)| &*places[*at].path).collect();
            bail!("--id {word:?} is in several directories: {paths:?}; name one (--data-root)");
        }
        all.iter_mut()
            .for_each(|meant| meant.only = Some(HashSet::new()));
        for (at, id) in found {
            let ids = with_layers(&id, &places[at].layers);
            all[at].only = Some(ids.into_iter().collect());
        }
    }
    Ok(all)
}

/// The full ids of what somebody typed, with the place of each. At least one.
fn find(flag: &str, word: &str, places: &[Place]) -> anyhow::Result<Vec<(usize, String)>> {
    ensure!(!word.is_empty(), "{flag}: an id is empty");
    ensure!(
        !word.contains(['/', '\0']),
        "{flag} {word:?}: it has a character that no id and no name has"
    );
    let mut found = Vec::new();
    for (at, place) in places.iter().enumerate() {
        match place.ids.find(word) {
            Resolved::One(id) => found.push((at, id)),
            Resolved::Several(ids) => {
                let ids: Vec<&str> = ids.iter().map(|id| short_id(id)).collect();
                bail!("{flag} {word:?} may mean several: {}", ids.join(", "));
            }
            _ => {}
        }
    }
    if found.is_empty() {
        ensure!(
            word.len() >= SHORTEST,
            "{flag} {word:?} is too short: nothing has this name, and the beginning of an id has \
             {SHORTEST} digits or more"
        );
        let paths: BTreeSet<&Path> = places.iter().map(|place| &*place.path).collect();
        let below = match paths.len() {
            0 => "none of these engines has anything mounted here".to_owned(),
            _ => {
                let paths: Vec<String> = paths.iter().map(|path| format!("{path:?}")).collect();
                let paths = paths.join(" or ");
                format!("no container, no layer and no mount below {paths} has this id or name")
            }
        };
        bail!("{flag} {word:?} matches nothing: {below}");
    }
    Ok(found)
}

/// What is said of a mount that stays for this: by which word, and which layer it is.
fn words(word: &str, container: &str, id: &OsStr) -> String {
    let id = id.to_string_lossy();
    let short = short_id(&id);
    match *id == *container {
        true if id.starts_with(word) => format!("named by --keep {word}"),
        true => format!("named by --keep {word} (container {short})"),
        false => format!("named by --keep {word} (layer {short})"),
    }
}

fn with_layers(id: &str, layers: &LayerMap) -> BTreeSet<OsString> {
    let mut all = BTreeSet::from([OsString::from(id)]);
    all.extend(layers.layers_of(OsStr::new(id)).map(OsStr::to_owned));
    all
}

#[cfg(test)]
mod tests {
    use daemon_host::mountscan::MountTable;

    use super::*;

    fn place(path: &str, ids: &[&str], layers: &[(&str, &str)]) -> Place {
        let mut known = Ids::of_table(Path::new(path), &MountTable::from_bytes(""));
        ids.iter().for_each(|id| known.add(OsStr::new(id)));
        let mut map = LayerMap::new();
        for (container, layer) in layers {
            map.add(container, layer);
        }
        Place {
            path: path.into(),
            ids: known,
            layers: map,
        }
    }

    fn of(keep: &[&str], only: Option<&str>, places: &[Place]) -> anyhow::Result<Vec<Meant>> {
        let keep: Vec<String> = keep.iter().map(|&word| word.to_owned()).collect();
        choose(&Asked { keep: &keep, only }, places)
    }

    #[test]
    fn a_container_is_spared_wherever_it_is_and_its_layers_say_why() {
        let (one, layer) = ("a1".repeat(32), "b2".repeat(32));
        let places = [
            place("/docker", &["web"], &[]),
            place("/podman", &[&one, "web"], &[(&one, &layer)]),
        ];
        let meant = of(&["web", "a1a1"], None, &places).unwrap();
        assert_eq!(meant[0].keep[OsStr::new("web")], "named by --keep web");
        assert_eq!(meant[1].keep.len(), 3, "{meant:?}");
        assert_eq!(meant[1].keep[OsStr::new(&one)], "named by --keep a1a1");
        let words = &meant[1].keep[OsStr::new(&layer)];
        assert_eq!(words, "named by --keep a1a1 (layer b2b2b2b2b2b2)");
        assert!(meant.iter().all(Meant::is_here));
    }

    #[test]
    fn a_container_to_clean_up_is_in_one_directory() {
        let places = [
            place("/docker", &["c1", "both"], &[]),
            place("/podman", &["c2", "both"], &[("c2", "l2")]),
        ];
        let meant = of(&[], Some("c2"), &places).unwrap();
        assert!(!meant[0].is_here() && meant[1].is_here());
        let want = HashSet::from(["c2".into(), "l2".into()]);
        assert_eq!(meant[1].only, Some(want));
        let error = of(&[], Some("both"), &places).unwrap_err().to_string();
        assert!(error.contains("--data-root"), "{error}");
    }

    #[test]
    fn what_matches_nothing_or_several_is_an_error() {
        let places = [place("/r", &["3f1c00", "3f1d00"], &[])];
        for (asked, why) in [
            ("web", "matches nothing: no container"),
            ("3f1", "may mean several: 3f1c00, 3f1d00"),
            ("3f", "too short"),
            ("", "empty"),
            ("a/b", "character"),
        ] {
            for (keep, only) in [(&[asked][..], None), (&[], Some(asked))] {
                let error = of(keep, only, &places).unwrap_err().to_string();
                assert!(error.contains(why), "{asked}: {error}");
            }
        }
        let nowhere = of(&["web"], None, &[]).unwrap_err().to_string();
        assert!(
            nowhere.contains("none of these engines has anything"),
            "{nowhere}"
        );
    }
}
