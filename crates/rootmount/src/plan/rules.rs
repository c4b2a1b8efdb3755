//! Clean-up rules: which mount points below a data root belong to containers.
//!
//! A rule looks at the path relative to the root, as bytes, and only at whole
//! components. The built-in rules are plain comparisons; a regular expression
//! runs only where a daemon added rules of its own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use crate::error::{Error, ErrorKind};
use crate::liveness::container_key::ContainerKey;
use crate::plan::custom::Custom;

/// Digits of a container or layer id.
const ID_LEN: usize = 64;
/// Longest file name the kernel takes.
const NAME_MAX: usize = 255;
/// The names that a daemon mounts at `containers/<id>/mounts/<name>`. The list is closed,
/// because an unknown name there may belong to anybody. Add a custom rule for others.
const CONTAINER_MOUNTS: [&[u8]; 4] = [b"shm", b"secrets", b"mqueue", b"configs"];

const OVERLAY2: &str = "overlay2/<id>/merged";
const FUSE_OVERLAYFS: &str = "fuse-overlayfs/<id>/merged";
const ZFS: &str = "zfs/graph/<id>";
const BTRFS: &str = "btrfs/subvolumes/<id>";
const MOUNTS: &str = "containers/<id>/mounts/<name>";
const SHM: &str = "containers/<id>/shm";
const ROOTFS: &str = "rootfs/<snapshotter>/<id>";

/// A set of clean-up rules.
///
/// The built-in rules match whole components, relative to the data root:
///
/// | rule | what is mounted there |
/// | --- | --- |
/// | `overlay2/<id>/merged` | root filesystem, overlay2 driver |
/// | `fuse-overlayfs/<id>/merged` | root filesystem, rootless |
/// | `zfs/graph/<id>` | root filesystem, zfs driver |
/// | `btrfs/subvolumes/<id>` | root filesystem, btrfs driver |
/// | `containers/<id>/mounts/<name>` | `shm`, `secrets`, `mqueue`, `configs` |
/// | `containers/<id>/shm` | shm, before 18.x |
/// | `rootfs/<snapshotter>/<id>` | root filesystem, containerd image store |
///
/// In a [sweep](Rules::sweep) `<id>` is 64 lower-case hexadecimal digits; for
/// [chosen containers](Rules::containers) it is exactly one of the given ids.
/// A root that a user-namespaced daemon uses (`<root>/<uid>.<gid>`) is a data
/// root like any other: give that directory as the root.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// let id = "0123456789abcdef".repeat(4);
/// let rules = rootmount::Rules::sweep();
/// let merged = format!("overlay2/{id}/merged");
/// assert_eq!(rules.matching(Path::new(&merged)), Some("overlay2/<id>/merged"));
/// assert_eq!(rules.matching(Path::new(&format!("x{merged}"))), None);
/// assert_eq!(rules.matching(Path::new("volumes/data")), None);
/// ```
#[derive(Debug, Clone)]
pub struct Rules {
    ids: Ids,
    built_in: bool,
    custom: Option<Custom>,
}

#[derive(Debug, Clone)]
enum Ids {
    Every,
    Only(BTreeSet<OsString>),
}

/// The rule for a path.
#[derive(Debug, Clone)]
pub(crate) struct Matched<'r> {
    pub(crate) rule: &'r str,
    /// The container in the path; `None` if the rule does not say where its id is.
    pub(crate) named: Option<ContainerKey>,
}

impl Rules {
    /// The built-in rules for every container: `<id>` is any 64 lower-case
    /// hexadecimal digits.
    pub fn sweep() -> Self {
        Self {
            ids: Ids::Every,
            built_in: true,
            custom: None,
        }
    }

    /// No built-in rule at all. It is for a daemon with its own layout: add rules with
    /// [`with_custom`](Rules::with_custom).
    pub fn empty() -> Self {
        Self {
            ids: Ids::Every,
            built_in: false,
            custom: None,
        }
    }

    /// The built-in rules for one id, compared exactly.
    ///
    /// A layer id may differ from its container id, and an init layer is `<layer id>-init`. An
    /// id matches only itself, so give all of them to [`containers`](Rules::containers).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadId`] if the id is not valid. It must start with a letter or digit, go on
    /// with letters, digits, `_`, `.` or `-`, and have at most 255 bytes.
    pub fn container(id: impl AsRef<OsStr>) -> Result<Self, Error> {
        Self::containers([id])
    }

    /// The built-in rules for several ids, compared exactly.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadId`] as in [`container`](Rules::container), also if there
    /// is no id at all.
    pub fn containers<I>(ids: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let ids: BTreeSet<OsString> = ids
            .into_iter()
            .map(|id| check_id(id.as_ref()).map(OsStr::to_os_string))
            .collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Err(Error::new(ErrorKind::BadId, "no container id was given"));
        }
        Ok(Self {
            ids: Ids::Only(ids),
            built_in: true,
            custom: None,
        })
    }

    /// Adds a daemon's own rules: regular expressions over the path relative to
    /// the root (no leading slash), matched from its first to its last byte.
    ///
    /// The anchors are added here, and no pattern can avoid them. A rule that should match
    /// anywhere must say so (`.*/mnt`). Classes are ASCII, `.` is any byte but a newline. In
    /// rules for [chosen ids](Rules::containers) a custom rule matches only paths that have one
    /// of the ids as a component.
    ///
    /// A second call adds its rules to those that are there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadRule`], naming the rule, if one does not compile or would
    /// match the root itself (the empty path).
    pub fn with_custom<I>(self, patterns: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let twice = |pattern: I::Item| (pattern.as_ref().to_owned(), pattern.as_ref().to_owned());
        self.with_named(patterns.into_iter().map(twice))
    }

    /// Adds rules as [`with_custom`](Self::with_custom) does, each as a name and a pattern.
    /// Reports use the name.
    ///
    /// A pattern may say which part of the path is the id of the container or of its layer, by a
    /// group `(?P<id>…)`. Then no other part of the path is taken for it. A group
    /// `(?P<namespace>…)` beside it is the namespace in which the id is unique; see
    /// [`Testimony::namespace`](crate::Testimony::namespace).
    ///
    /// # Errors
    ///
    /// As [`with_custom`](Self::with_custom).
    pub fn with_named<I>(mut self, rules: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = (String, String)>,
    {
        let custom = self.custom.take();
        let (mut names, mut all) = custom.map(|c| (c.names, c.patterns)).unwrap_or_default();
        for (name, pattern) in rules {
            names.push(name);
            all.push(pattern);
        }
        if !all.is_empty() {
            self.custom = Some(Custom::compile(names, all)?);
        }
        Ok(self)
    }

    /// The rule that a path matches, if any; the path is relative to the root.
    ///
    /// A built-in rule is named by its shape (`overlay2/<id>/merged`), a custom
    /// one by its pattern. The root itself (an empty path) never matches.
    pub fn matching(&self, relative: &Path) -> Option<&str> {
        self.matched(relative).map(|matched| matched.rule)
    }

    /// The rule that a path matches, and the container that the rule names in the path.
    pub(crate) fn matched(&self, relative: &Path) -> Option<Matched<'_>> {
        let bytes = relative.as_os_str().as_bytes();
        if self.built_in {
            if let Some(rule) = self.built_in(bytes) {
                let named = None;
                return Some(Matched { rule, named });
            }
        }
        let custom = self.custom.as_ref()?;
        if bytes.is_empty() {
            return None;
        }
        let fitting = custom.set.matches(bytes);
        let mut fitting = fitting.iter().map(|rule| Matched {
            rule: &custom.names[rule],
            named: custom.named(rule, bytes),
        });
        fitting.find(|matched| self.is_chosen(relative, matched))
    }

    /// Whether it is of a chosen container: of the one that the rule names, or else by any part of
    /// the path.
    fn is_chosen(&self, relative: &Path, matched: &Matched<'_>) -> bool {
        match (&self.ids, &matched.named) {
            (Ids::Only(ids), Some(named)) => ids.contains(&named.id),
            _ => self.has_chosen_id(relative),
        }
    }

    /// Whether the rules are for every container.
    pub(crate) fn is_sweep(&self) -> bool {
        matches!(self.ids, Ids::Every)
    }

    fn built_in(&self, path: &[u8]) -> Option<&'static str> {
        match *path.first()? {
            b'o' => self
                .layer(path, b"overlay2/", b"/merged")
                .then_some(OVERLAY2),
            b'f' => self
                .layer(path, b"fuse-overlayfs/", b"/merged")
                .then_some(FUSE_OVERLAYFS),
            b'z' => self.layer(path, b"zfs/graph/", b"").then_some(ZFS),
            b'b' => self.layer(path, b"btrfs/subvolumes/", b"").then_some(BTRFS),
            b'c' => self.container_mount(path.strip_prefix(b"containers/")?),
            b'r' => self
                .snapshot(path.strip_prefix(b"rootfs/")?)
                .then_some(ROOTFS),
            _ => None,
        }
    }

    fn layer(&self, path: &[u8], head: &[u8], tail: &[u8]) -> bool {
        path.strip_prefix(head)
            .and_then(|p| p.strip_suffix(tail))
            .is_some_and(|id| self.is_id(id))
    }

    fn container_mount(&self, path: &[u8]) -> Option<&'static str> {
        let (id, rest) = split_component(path)?;
        let rule = match rest.strip_prefix(b"mounts/") {
            Some(name) if CONTAINER_MOUNTS.contains(&name) => MOUNTS,
            None if rest == b"shm" => SHM,
            _ => return None,
        };
        self.is_id(id).then_some(rule)
    }

    fn snapshot(&self, path: &[u8]) -> bool {
        match split_component(path) {
            Some((snapshotter, id)) => !matches!(snapshotter, b"" | b"." | b"..") && self.is_id(id),
            None => false,
        }
    }

    fn is_id(&self, id: &[u8]) -> bool {
        match &self.ids {
            Ids::Every => is_full_id(id),
            Ids::Only(ids) => ids.contains(OsStr::from_bytes(id)),
        }
    }

    fn has_chosen_id(&self, relative: &Path) -> bool {
        match &self.ids {
            Ids::Every => true,
            Ids::Only(ids) => relative.components().any(|c| match c {
                Component::Normal(name) => ids.contains(name),
                _ => false,
            }),
        }
    }
}

/// Splits at the first slash; `None` without one.
fn split_component(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().position(|&b| b == b'/')?;
    Some((&path[..slash], &path[slash + 1..]))
}

pub(crate) fn is_full_id(id: &[u8]) -> bool {
    // No early exit: a fixed count of plain comparisons becomes vector code.
    id.len() == ID_LEN
        && id.iter().fold(true, |ok, b| {
            ok & (b.is_ascii_digit() | (b'a'..=b'f').contains(b))
        })
}

/// The id, if it can be one.
pub(crate) fn check_id(id: &OsStr) -> Result<&OsStr, Error> {
    let bytes = id.as_bytes();
    let wrong = match bytes {
        [] => Some("is empty"),
        _ if bytes.len() > NAME_MAX => Some("is longer than 255 bytes"),
        [first, ..] if !first.is_ascii_alphanumeric() => {
            Some("does not start with a letter or digit")
        }
        _ if !bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(b)) =>
        {
            Some("has a character other than letters, digits, '_', '.' and '-'")
        }
        _ => None,
    };
    match wrong {
        None => Ok(id),
        Some(why) => {
            let shown: Cow<'_, str> = id.to_string_lossy();
            Err(Error::new(
                ErrorKind::BadId,
                format!("container id {shown:?} {why}"),
            ))
        }
    }
}

#[cfg(test)]
mod tests;
