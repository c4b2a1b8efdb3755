//! The ownership record: what says that a mount at a data root is the daemon's.
//!
//! Text in, value out, and the comparison with what is mounted now; reading and
//! writing the file is in `record_file.rs`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mountscan::{Device, MountId, UniqueMountId};

use crate::path_text::{escape, unescape};

/// Name of the record in the exec root; moby's name for its empty marker file.
pub const RECORD_NAME: &str = "unmount-on-shutdown";

const HEADER: &str = "data root record, version 1";
const END: &str = "end";

/// What was mounted on a data root, by whom it is read later.
///
/// The file is text, one `key value` per line between a header and the line
/// `end`; bytes of paths that are not plain ASCII stand as `\ooo`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// `/proc/sys/kernel/random/boot_id` when the record was written: mount ids
    /// of another boot mean nothing.
    pub boot_id: String,
    /// The data root, without symlinks.
    pub path: PathBuf,
    /// Device of the mounted filesystem, as in the mount table.
    pub device: Device,
    /// The root field of the mount: the directory of the filesystem that is mounted.
    pub root: PathBuf,
    /// The reused mount id; absent if it could not be known before mounting.
    pub mount_id: Option<MountId>,
    /// The unique mount id, where the kernel has it (6.8 and later).
    pub unique_id: Option<UniqueMountId>,
    /// When the record was written, in seconds since 1970.
    pub time: u64,
}

/// What the record file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFile {
    /// There is no file.
    Absent,
    /// An empty file: moby's marker.
    Moby,
    /// A well-formed record.
    Written(Record),
    /// Something else, and what is wrong with it. It is never acted upon.
    Corrupt(String),
    /// The caller may not read it.
    Unreadable,
}

/// Whose the mount at a data root is, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// The record names the mount that is there: it is ours.
    Ours,
    /// moby's marker is there, and the mount is what moby would have mounted.
    Moby,
    /// There is no record.
    Unrecorded,
    /// moby's marker is there, but the mount is not moby's, or there is none.
    MobyStale(String),
    /// The record was written before the machine was last started.
    OtherBoot,
    /// The record is of this root and this boot, but its mount is not the one
    /// that is there now (or nothing is mounted).
    OtherMount,
    /// The record is of another data root.
    OtherRoot(PathBuf),
    /// The record cannot be read as one.
    Corrupt(String),
    /// The caller may not read the record.
    Unreadable,
}

/// The mount that is visible at a data root now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    pub(crate) mount_id: MountId,
    pub(crate) unique_id: Option<UniqueMountId>,
    pub(crate) device: Device,
    pub(crate) root: PathBuf,
    pub(crate) shared: bool,
    pub(crate) self_bind: SelfBind,
}

/// Whether a mount shows the very directory that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SelfBind {
    /// It does.
    Yes,
    /// It shows something else.
    No,
    /// The mount below is not visible from here (a chroot).
    Unknown,
}

impl Ownership {
    /// Whether the mount is to be unmounted when the daemon stops.
    pub fn is_ours(&self) -> bool {
        matches!(self, Ownership::Ours | Ownership::Moby)
    }
}

/// Compares a record with what is mounted at `path` now.
pub(crate) fn recognise(
    file: &RecordFile,
    boot_id: &str,
    path: &Path,
    mounted: Option<&Mounted>,
) -> Ownership {
    match file {
        RecordFile::Absent => Ownership::Unrecorded,
        RecordFile::Corrupt(why) => Ownership::Corrupt(why.clone()),
        RecordFile::Unreadable => Ownership::Unreadable,
        RecordFile::Moby => match moby_test(path, mounted) {
            Ok(()) => Ownership::Moby,
            Err(why) => Ownership::MobyStale(why.to_owned()),
        },
        RecordFile::Written(record) if record.boot_id != boot_id => Ownership::OtherBoot,
        RecordFile::Written(record) if record.path != path => {
            Ownership::OtherRoot(record.path.clone())
        }
        RecordFile::Written(record) => match mounted {
            Some(mount) if is_recorded(record, mount) => Ownership::Ours,
            _ => Ownership::OtherMount,
        },
    }
}

/// Whether the record names this mount: by unique id if it has one, else by
/// the reused id together with what is mounted. A record written before its ids
/// could be known holds for a mount of the directory onto itself.
fn is_recorded(record: &Record, mount: &Mounted) -> bool {
    if record.unique_id.is_some() {
        // Within a boot, a kernel that had unique ids has them.
        return record.unique_id == mount.unique_id;
    }
    let same = record.device == mount.device && record.root == mount.root;
    match record.mount_id {
        Some(id) => same && id == mount.mount_id,
        None => same && mount.self_bind == SelfBind::Yes,
    }
}

/// moby's `shouldUnmountRoot`, by components and by the exact test where the
/// mount below can be seen.
fn moby_test(path: &Path, mounted: Option<&Mounted>) -> Result<(), &'static str> {
    let mount = mounted.ok_or("nothing is mounted at the root")?;
    if !mount.shared {
        return Err("the mount is not shared");
    }
    match mount.self_bind {
        SelfBind::Yes => Ok(()),
        SelfBind::No => Err("the mount is not the root bound onto itself"),
        SelfBind::Unknown if looks_like_self_bind(path, &mount.root) => Ok(()),
        SelfBind::Unknown => Err("the mount does not look like the root bound onto itself"),
    }
}

/// Whether one of the two is the other's tail, by components: the filesystem may
/// be mounted above the root (`/docker` at `/foo/docker`), or be a subvolume
/// (`/@/var/lib/docker` at `/var/lib/docker`).
pub(crate) fn looks_like_self_bind(path: &Path, root_field: &Path) -> bool {
    let Ok(inner) = root_field.strip_prefix("/") else {
        return false;
    };
    let Ok(outer) = path.strip_prefix("/") else {
        return false;
    };
    let named = !inner.as_os_str().is_empty() && !outer.as_os_str().is_empty();
    named && (outer.ends_with(inner) || inner.ends_with(outer))
}

/// The exact test: the mount shows the directory of the mount below that it covers.
pub(crate) fn is_self_bind(row: mountscan::Row<'_>, below: Option<mountscan::Row<'_>>) -> SelfBind {
    let Some(below) = below else {
        return SelfBind::Unknown;
    };
    if below.mount_id() == row.mount_id() {
        return SelfBind::Unknown;
    }
    let point = row.mount_point();
    let below_point = below.mount_point();
    let Ok(inside) = point.strip_prefix(&*below_point) else {
        return SelfBind::Unknown;
    };
    let mut covered = below.root().into_owned();
    if !inside.as_os_str().is_empty() {
        covered.push(inside);
    }
    if row.device() == below.device() && row.root() == covered {
        SelfBind::Yes
    } else {
        SelfBind::No
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What is wrong, in words, if it is not a whole, well-formed record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Record, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let body = text
            .strip_suffix('\n')
            .ok_or("it does not end with a newline")?;
        let mut lines = body.split('\n');
        if lines.next() != Some(HEADER) {
            return Err("its first line is not that of a record this version knows".to_owned());
        }
        let fields = Fields::collect(lines)?;
        Ok(Record {
            boot_id: word(fields.required("boot-id")?)?,
            path: absolute(fields.required("path")?)?,
            device: device(fields.required("device")?)?,
            root: absolute(fields.required("root")?)?,
            mount_id: fields.number("mount-id")?.map(MountId),
            unique_id: fields.number("unique-mount-id")?.map(UniqueMountId),
            time: fields.number("time")?.ok_or("it has no time")?,
        })
    }

    /// Writes the record as text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{HEADER}\nboot-id {}\npath {}\n",
            escape(Path::new(&self.boot_id)),
            escape(&self.path)
        );
        text += &format!(
            "device {}:{}\nroot {}\n",
            self.device.major,
            self.device.minor,
            escape(&self.root)
        );
        if let Some(id) = self.mount_id {
            text += &format!("mount-id {}\n", id.0);
        }
        if let Some(id) = self.unique_id {
            text += &format!("unique-mount-id {}\n", id.0);
        }
        text += &format!("time {}\n{END}\n", self.time);
        text.into_bytes()
    }
}

/// The `key value` lines of a record, each key once.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn collect(lines: impl Iterator<Item = &'a str>) -> Result<Fields<'a>, String> {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        let mut ended = false;
        for line in lines {
            if ended {
                return Err("it goes on after its end".to_owned());
            }
            if line == END {
                ended = true;
                continue;
            }
            let (key, value) = line
                .split_once(' ')
                .ok_or("a line is not a key and a value")?;
            if fields.iter().any(|(k, _)| *k == key) {
                return Err(format!("{} stands twice", escape(Path::new(key))));
            }
            fields.push((key, value));
        }
        if ended {
            Ok(Fields(fields))
        } else {
            Err("it is cut short".to_owned())
        }
    }

    fn optional(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    fn required(&self, key: &str) -> Result<&'a str, String> {
        self.optional(key)
            .filter(|v| !v.is_empty())
            .ok_or_else(|| format!("it has no {key}"))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, String> {
        let parse = |v: &str| v.parse().map_err(|_| format!("its {key} is not a number"));
        self.optional(key).map(parse).transpose()
    }
}

/// A boot id has nothing that would have to be escaped.
fn word(text: &str) -> Result<String, String> {
    if text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        Ok(text.to_owned())
    } else {
        Err("its boot-id is not one plain word".to_owned())
    }
}

fn absolute(text: &str) -> Result<PathBuf, String> {
    let path = unescape(text).ok_or("a path has a malformed escape")?;
    if path.is_absolute() {
        Ok(path)
    } else {
        Err("a path is not absolute".to_owned())
    }
}

fn device(text: &str) -> Result<Device, String> {
    let parsed = text.split_once(':').and_then(|(major, minor)| {
        Some(Device {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| "its device is not MAJOR:MINOR".to_owned())
}

impl fmt::Display for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ownership::Ours => f.write_str("the ownership record names the mount at the root"),
            Ownership::Moby => {
                f.write_str("moby's marker is there and the root is bound onto itself")
            }
            Ownership::Unrecorded => f.write_str("there is no ownership record"),
            Ownership::MobyStale(why) => write!(f, "moby's marker is there, but {why}"),
            Ownership::OtherBoot => {
                f.write_str("the ownership record is from before the last boot")
            }
            Ownership::OtherMount => f.write_str("the ownership record is for another mount"),
            Ownership::OtherRoot(path) => write!(f, "the ownership record is for {}", escape(path)),
            Ownership::Corrupt(why) => write!(f, "the ownership record is corrupt: {why}"),
            Ownership::Unreadable => {
                f.write_str("the ownership record cannot be read without privileges")
            }
        }
    }
}

impl fmt::Display for SelfBind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SelfBind::Yes => "yes",
            SelfBind::No => "no",
            SelfBind::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests;
