//! The ownership record as text. Pure; `record_file` reads and writes the file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mountscan::{Device, MountId, UniqueMountId};

use crate::mount::Facts;
use crate::path_text::{escape, unescape};

/// Name of the record in the exec root; moby's name for its empty marker file.
pub const RECORD_NAME: &str = "unmount-on-shutdown";

const HEADER: &str = "data root record, version 1";
const END: &str = "end";

/// The mount that a daemon made at its data root. A later start reads it and knows the mount
/// again.
///
/// The file is text: a header, one `key value` per line, and the line `end`. Bytes of paths
/// that are not plain ASCII are written as `\ooo`.
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

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// A text that says what is wrong, if it is not a complete and well-formed record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let body = text
            .strip_suffix('\n')
            .ok_or("it does not end with a newline")?;
        let mut lines = body.split('\n');
        if lines.next() != Some(HEADER) {
            return Err("its first line is not that of a record this version knows".to_owned());
        }
        let fields = Fields::collect(lines)?;
        Ok(Self {
            boot_id: word(fields.required("boot-id")?)?,
            path: absolute(fields.required("path")?)?,
            device: device(fields.required("device")?)?,
            root: absolute(fields.required("root")?)?,
            mount_id: fields.number("mount-id")?.map(MountId),
            unique_id: fields.number("unique-mount-id")?.map(UniqueMountId),
            time: fields.number("time")?.ok_or("it has no time")?,
        })
    }

    /// What the recorded mount is known by.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            mount_id: self.mount_id,
            unique_id: self.unique_id,
            device: Some(self.device),
            root: Some(Cow::Borrowed(&self.root)),
            mount_point: Some(Cow::Borrowed(&self.path)),
        }
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
    fn collect(lines: impl Iterator<Item = &'a str>) -> Result<Self, String> {
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
            Ok(Self(fields))
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

/// Checks a boot id: it holds nothing that needs an escape.
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
    /// Something else; the text says what is wrong with it. Nothing is ever done because of it.
    Corrupt(String),
    /// The caller may not read it.
    Unreadable,
}

#[cfg(test)]
mod tests;
