//! One row of mountinfo: the parser and the borrowed view. Bytes in, row out.
//!
//! ```text
//! 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//! (1)(2)(3:4) (5)   (6)     (7)       (8)   (9) (10)  (11)          (12)
//! ```
//!
//! Fields are separated by single blanks and never contain one, except the last: whatever follows the
//! source, blanks included, is the super options. A field may be empty (a source of `""` is).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use memchr::memchr;

use crate::escape;
use crate::options::Options;
use crate::propagation::{PeerGroup, Propagation, PropagationTag, PropagationTags};

/// The mount id of mountinfo's first field. Ids are reused as soon as a mount is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountId(pub u32);

/// The 64-bit mount id that is never reused while the machine runs (Linux 6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueMountId(pub u64);

/// Device number of the files on a mount, as `stat` gives it in `st_dev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device {
    /// Major number; 0 for file systems without a block device.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

impl fmt::Display for MountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UniqueMountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// A row that is not of mountinfo's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MalformedRow {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: RowError,
}

impl fmt::Display for MalformedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a row cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowError {
    /// Nothing on the line.
    Empty,
    /// The mount id is not a decimal number of 32 bits.
    MountId,
    /// The parent id is not a decimal number of 32 bits.
    ParentId,
    /// The device is not `major:minor`.
    Device,
    /// The row ends before the mount options.
    TooFewFields,
    /// No lone `-` after the mount options.
    NoSeparator,
    /// Type, source or super options are missing after the separator.
    ShortTail,
    /// The row is longer than the reader's limit.
    TooLong,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RowError::Empty => "empty row",
            RowError::MountId => "mount id is not a number",
            RowError::ParentId => "parent id is not a number",
            RowError::Device => "device is not major:minor",
            RowError::TooFewFields => "row ends before the mount options",
            RowError::NoSeparator => "no separator after the mount options",
            RowError::ShortTail => "type, source or super options missing after the separator",
            RowError::TooLong => "row is longer than the limit",
        })
    }
}

/// Numbers of a row and where its text fields lie: what the parser finds and a table keeps per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) mount_id: u32,
    pub(crate) parent_id: u32,
    major: u32,
    minor: u32,
    root: u32,
    mount_point: u32,
    mount_options: u32,
    /// Start of the first tag, or of the separator where there is none.
    tags: u32,
    fs_type: u32,
    source: u32,
    super_options: u32,
}

impl Fields {
    /// The mount point in the row these fields were found in.
    pub(crate) fn raw_point<'t>(&self, line: &'t [u8]) -> &'t [u8] {
        &line[self.mount_point as usize..self.mount_options as usize - 1]
    }
}

/// One row of a mount table, borrowed from the text it was read from.
///
/// Cheap to copy. Fields are decoded when asked for, and allocate only where an escape is in the text.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    line: &'t [u8],
    fields: Fields,
    /// 0 where it is not known.
    unique_id: u64,
    /// Place in its table; of no meaning for a row that is of none.
    place: u32,
}

impl<'t> Row<'t> {
    /// Parses one row, without its newline.
    ///
    /// # Errors
    ///
    /// What is wrong, when the text is not of mountinfo's form.
    ///
    /// # Examples
    ///
    /// ```
    /// let row = mountscan::Row::parse(br"36 35 98:0 /a /my\040disk rw,noatime master:1 - ext4 /dev/sdb rw").unwrap();
    /// assert_eq!(row.mount_point().as_os_str(), "/my disk");
    /// ```
    pub fn parse(line: &'t [u8]) -> Result<Row<'t>, RowError> {
        Ok(Row::loose(line, parse_fields(line)?))
    }

    pub(crate) fn new(line: &'t [u8], fields: Fields, unique_id: u64, place: u32) -> Row<'t> {
        Row {
            line,
            fields,
            unique_id,
            place,
        }
    }

    /// A row that is of no table.
    pub(crate) fn loose(line: &'t [u8], fields: Fields) -> Row<'t> {
        Row {
            line,
            fields,
            unique_id: 0,
            place: u32::MAX,
        }
    }

    pub(crate) fn fields(&self) -> Fields {
        self.fields
    }

    pub(crate) fn place(&self) -> usize {
        self.place as usize
    }

    /// The row as it was read, without the newline.
    #[must_use]
    pub fn as_bytes(&self) -> &'t [u8] {
        self.line
    }

    /// (1) The mount's id.
    #[must_use]
    pub fn mount_id(&self) -> MountId {
        MountId(self.fields.mount_id)
    }

    /// (2) The id of the mount it is mounted on; for the root of the tree an id that the table does not show.
    #[must_use]
    pub fn parent_id(&self) -> MountId {
        MountId(self.fields.parent_id)
    }

    /// The id that is never reused, where the row was read by a route that gives it.
    #[must_use]
    pub fn unique_id(&self) -> Option<UniqueMountId> {
        (self.unique_id != 0).then_some(UniqueMountId(self.unique_id))
    }

    /// (3:4) The device number.
    #[must_use]
    pub fn device(&self) -> Device {
        Device {
            major: self.fields.major,
            minor: self.fields.minor,
        }
    }

    /// (5) The directory of the file system that is the root of this mount, without the deletion mark.
    ///
    /// It need not begin with a slash: a bound namespace file has `net:[4026531993]`.
    #[must_use]
    pub fn root(&self) -> Cow<'t, Path> {
        escape::path(self.root_field().0)
    }

    /// Whether the root has been removed since it was mounted (the kernel appends `//deleted`).
    #[must_use]
    pub fn is_root_deleted(&self) -> bool {
        self.root_field().1
    }

    fn root_field(&self) -> (&'t [u8], bool) {
        let field = self.span(self.fields.root, self.fields.mount_point);
        match field.strip_suffix(b"//deleted") {
            Some(root) if !root.is_empty() => (root, true),
            _ => (field, false),
        }
    }

    /// (6) Where it is mounted, seen from the root directory of the process whose table this is.
    #[must_use]
    pub fn mount_point(&self) -> Cow<'t, Path> {
        escape::path(self.mount_point_field())
    }

    /// The mount point as it stands in the table, escapes not decoded.
    #[must_use]
    pub fn mount_point_field(&self) -> &'t [u8] {
        self.span(self.fields.mount_point, self.fields.mount_options)
    }

    /// (7) Options of this mount alone.
    #[must_use]
    pub fn mount_options(&self) -> Options<'t> {
        Options::new(self.span(self.fields.mount_options, self.fields.tags))
    }

    /// (8) The optional fields in order, unknown ones included.
    #[must_use]
    pub fn tags(&self) -> PropagationTags<'t> {
        let start = self.fields.tags as usize;
        let separator = self.fields.fs_type as usize - 2;
        PropagationTags::new(if start == separator {
            b""
        } else {
            &self.line[start..separator - 1]
        })
    }

    /// The peer group it is a member of.
    #[must_use]
    pub fn shared(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| {
            if let PropagationTag::Shared(group) = tag {
                Some(group)
            } else {
                None
            }
        })
    }

    /// The peer group it receives events from.
    #[must_use]
    pub fn master(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| {
            if let PropagationTag::Master(group) = tag {
                Some(group)
            } else {
                None
            }
        })
    }

    /// The nearest dominant peer group under the reader's root, where the master is outside.
    #[must_use]
    pub fn propagate_from(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| {
            if let PropagationTag::PropagateFrom(group) = tag {
                Some(group)
            } else {
                None
            }
        })
    }

    /// Whether it may not be the source of a bind.
    #[must_use]
    pub fn is_unbindable(&self) -> bool {
        self.tags().any(|tag| tag == PropagationTag::Unbindable)
    }

    /// Optional fields that this version does not know, as text of the kernel.
    pub fn unknown_tags(&self) -> impl Iterator<Item = &'t [u8]> + use<'t> {
        self.tags().filter_map(|tag| {
            if let PropagationTag::Unknown(text) = tag {
                Some(text)
            } else {
                None
            }
        })
    }

    /// The propagation type that the tags make up.
    #[must_use]
    pub fn propagation(&self) -> Propagation {
        self.tags().propagation()
    }

    /// (10) The file system type, with its subtype: `ext4`, `fuse.sshfs`.
    #[must_use]
    pub fn fs_type(&self) -> Cow<'t, OsStr> {
        escape::os_str(self.span(self.fields.fs_type, self.fields.source))
    }

    /// (11) What is mounted, in the words of who mounted it; may be empty, may be anything.
    #[must_use]
    pub fn source(&self) -> Cow<'t, OsStr> {
        escape::os_str(self.span(self.fields.source, self.fields.super_options))
    }

    /// (12) Options of the file system, the same for all its mounts. Words after them are part of the last one.
    #[must_use]
    pub fn super_options(&self) -> Options<'t> {
        Options::new(&self.line[self.fields.super_options as usize..])
    }

    /// (3) to (5), undecoded.
    pub(crate) fn device_and_root_field(&self) -> &'t [u8] {
        let start = memchr::memchr_iter(b' ', self.line)
            .nth(1)
            .map_or(0, |blank| blank + 1);
        &self.line[start..self.fields.mount_point as usize - 1]
    }

    /// (10) and (11), undecoded.
    pub(crate) fn type_and_source_field(&self) -> &'t [u8] {
        self.span(self.fields.fs_type, self.fields.super_options)
    }

    /// The field that starts at `start`, when the next one starts at `next`.
    fn span(&self, start: u32, next: u32) -> &'t [u8] {
        &self.line[start as usize..next as usize - 1]
    }
}

impl PartialEq for Row<'_> {
    /// Equal text; the unique id, which only some routes know, does not count.
    fn eq(&self, other: &Row<'_>) -> bool {
        self.line == other.line
    }
}

impl Eq for Row<'_> {}

impl std::hash::Hash for Row<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.line.hash(state);
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({:?})", String::from_utf8_lossy(self.line))
    }
}

/// Finds the fields of one row. One pass, no allocation; nothing after the source is looked at.
#[inline]
pub(crate) fn parse_fields(line: &[u8]) -> Result<Fields, RowError> {
    if line.len() >= u32::MAX as usize {
        return Err(RowError::TooLong);
    }
    if line.is_empty() {
        return Err(RowError::Empty);
    }
    let (mount_id, at) = number(line, 0, b' ').ok_or(RowError::MountId)?;
    let (parent_id, at) = number(line, at, b' ').ok_or(RowError::ParentId)?;
    let (major, at) = number(line, at, b':').ok_or(RowError::Device)?;
    let (minor, root) = number(line, at, b' ').ok_or(RowError::Device)?;
    let mount_point = next_field(line, root).ok_or(RowError::TooFewFields)?;
    let mount_options = next_field(line, mount_point).ok_or(RowError::TooFewFields)?;
    let tags = next_field(line, mount_options).ok_or(RowError::NoSeparator)?;
    let fs_type = after_separator(line, tags).ok_or(RowError::NoSeparator)?;
    let source = next_field(line, fs_type).ok_or(RowError::ShortTail)?;
    let super_options = next_field(line, source).ok_or(RowError::ShortTail)?;
    let (root, mount_point, mount_options) =
        (root as u32, mount_point as u32, mount_options as u32);
    let (tags, fs_type, source, super_options) = (
        tags as u32,
        fs_type as u32,
        source as u32,
        super_options as u32,
    );
    Ok(Fields {
        mount_id,
        parent_id,
        major,
        minor,
        root,
        mount_point,
        mount_options,
        tags,
        fs_type,
        source,
        super_options,
    })
}

/// A decimal number at `at`, ended by `end`; the number and where the next field starts.
#[inline]
fn number(line: &[u8], at: usize, end: u8) -> Option<(u32, usize)> {
    let mut value = 0u32;
    let mut next = at;
    loop {
        let byte = *line.get(next)?;
        next += 1;
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => value = value.checked_mul(10)?.checked_add(u32::from(digit))?,
            _ if byte == end && next > at + 1 => return Some((value, next)),
            _ => return None,
        }
    }
}

/// A whole text as a decimal number of 32 bits.
pub(crate) fn decimal(text: &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(digit))?;
    }
    (!text.is_empty()).then_some(value)
}

/// Start of the field after the one at `at`.
///
/// Most fields are short: the first bytes are looked at in the word they make, without a call.
#[inline]
fn next_field(line: &[u8], at: usize) -> Option<usize> {
    const NEAR: usize = 16;
    let mut from = at;
    while from < at + NEAR {
        let Some(word) = line.get(from..from + 8) else {
            break;
        };
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        // A byte that is a blank becomes 0, and the lowest 0 becomes the lowest set high bit.
        let blanks = word ^ 0x2020_2020_2020_2020;
        let found = blanks.wrapping_sub(0x0101_0101_0101_0101) & !blanks & 0x8080_8080_8080_8080;
        if found != 0 {
            return Some(from + found.trailing_zeros() as usize / 8 + 1);
        }
        from += 8;
    }
    memchr(b' ', &line[from..]).map(|length| from + length + 1)
}

/// Start of the field after the separator: the first lone `-` from `at` on. Paths cannot fake it (their
/// blanks are escaped), a source of `-` comes after it.
#[inline]
fn after_separator(line: &[u8], mut at: usize) -> Option<usize> {
    while !line[at..].starts_with(b"- ") {
        at = next_field(line, at)?;
    }
    Some(at + 2)
}
