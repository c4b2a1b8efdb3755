//! One row as a view that borrows its text.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use crate::id_maps::IdMaps;
use crate::ids::{Device, MountId, UniqueMountId};
use crate::row::escape;
use crate::row::options::Options;
use crate::row::parse::{Fields, RowError, parse_fields};
use crate::row::propagation::{PeerGroup, Propagation, PropagationTag, PropagationTags};

/// One row of a mount table. It borrows the text from which it was read.
///
/// It is cheap to copy. A field is decoded when it is asked for. It allocates only if the text has
/// an escape.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    line: &'t [u8],
    fields: Fields,
    /// 0 if the unique id is not known.
    unique_id: u64,
    /// The place of the row in its table. It has no meaning for a row without a table.
    place: u32,
    id_maps: Option<&'t IdMaps>,
}

impl<'t> Row<'t> {
    /// Parses one row, without its newline.
    ///
    /// # Errors
    ///
    /// The reason, if the text is malformed.
    ///
    /// # Examples
    ///
    /// ```
    /// let line = br"36 35 98:0 /a /my\040disk rw,noatime master:1 - ext4 /dev/sdb rw";
    /// let row = mountscan::Row::parse(line).unwrap();
    /// assert_eq!(row.mount_point().as_os_str(), "/my disk");
    /// ```
    pub fn parse(line: &'t [u8]) -> Result<Self, RowError> {
        Ok(Row::loose(line, parse_fields(line)?))
    }

    pub(crate) fn new(line: &'t [u8], fields: Fields, unique_id: u64, place: u32) -> Self {
        Self {
            line,
            fields,
            unique_id,
            place,
            id_maps: None,
        }
    }

    pub(crate) fn with_id_maps(mut self, maps: Option<&'t IdMaps>) -> Self {
        self.id_maps = maps;
        self
    }

    /// Makes a row without a table.
    pub(crate) fn loose(line: &'t [u8], fields: Fields) -> Self {
        Row::new(line, fields, 0, u32::MAX)
    }

    pub(crate) fn fields(&self) -> Fields {
        self.fields
    }

    pub(crate) fn place(&self) -> usize {
        self.place as usize
    }

    /// The row as it was read, without the newline.
    pub fn as_bytes(&self) -> &'t [u8] {
        self.line
    }

    /// (1) The mount's id.
    pub fn mount_id(&self) -> MountId {
        MountId(self.fields.mount_id)
    }

    /// (2) The id of the mount on which it is mounted. For the root of the tree it is an id that
    /// the table does not show.
    pub fn parent_id(&self) -> MountId {
        MountId(self.fields.parent_id)
    }

    /// The id that is never reused, if the row was read by a route that gives it.
    pub fn unique_id(&self) -> Option<UniqueMountId> {
        (self.unique_id != 0).then_some(UniqueMountId(self.unique_id))
    }

    /// (3) The device number.
    pub fn device(&self) -> Device {
        Device {
            major: self.fields.major,
            minor: self.fields.minor,
        }
    }

    /// (4) The directory of the file system that is the root of this mount, without the deletion
    /// mark.
    ///
    /// It may begin without a slash: a bound namespace file has `net:[4026531993]`.
    pub fn root(&self) -> Cow<'t, Path> {
        escape::path(self.root_field().0)
    }

    /// Whether the root has been removed since it was mounted (the kernel appends `//deleted`).
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

    /// (5) Where it is mounted, seen from the root directory of the process whose table this is.
    pub fn mount_point(&self) -> Cow<'t, Path> {
        escape::path(self.mount_point_field())
    }

    /// The mount point as the table has it, with escapes not decoded.
    pub fn mount_point_field(&self) -> &'t [u8] {
        self.span(self.fields.mount_point, self.fields.mount_options)
    }

    /// (6) Options of this mount alone.
    pub fn mount_options(&self) -> Options<'t> {
        Options::new(self.span(self.fields.mount_options, self.fields.tags))
    }

    /// The id maps of an idmapped mount; `None` for any other mount.
    ///
    /// They are known if the table was read with
    /// [`ReadOptions::id_maps`](crate::ReadOptions::id_maps).
    pub fn id_maps(&self) -> Option<&'t IdMaps> {
        static UNKNOWN: IdMaps = IdMaps::Unknown;
        let mut options = self.mount_options();
        // No other word that the kernel prints here has a `p`. So one look is enough for most rows.
        let may_be = memchr::memchr(b'p', options.as_bytes()).is_some();
        let is_idmapped = may_be && options.any(|word| word == "idmapped");
        is_idmapped.then(|| self.id_maps.unwrap_or(&UNKNOWN))
    }

    /// (7) The optional fields in order, unknown ones included.
    pub fn tags(&self) -> PropagationTags<'t> {
        let start = self.fields.tags as usize;
        let separator = self.fields.fs_type as usize - 2;
        PropagationTags::new(if start == separator {
            b""
        } else {
            &self.line[start..separator - 1]
        })
    }

    /// The peer group of which it is a member.
    pub fn shared(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| match tag {
            PropagationTag::Shared(group) => Some(group),
            _ => None,
        })
    }

    /// The peer group from which it receives events.
    pub fn master(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| match tag {
            PropagationTag::Master(group) => Some(group),
            _ => None,
        })
    }

    /// The nearest peer group above it in propagation that the reader's root shows. It is given
    /// only if the reader's root does not show the master.
    pub fn propagate_from(&self) -> Option<PeerGroup> {
        self.tags().find_map(|tag| match tag {
            PropagationTag::PropagateFrom(group) => Some(group),
            _ => None,
        })
    }

    /// Whether it is forbidden to bind this mount elsewhere.
    pub fn is_unbindable(&self) -> bool {
        self.tags().any(|tag| tag == PropagationTag::Unbindable)
    }

    /// Optional fields that this version does not know, as text of the kernel.
    pub fn unknown_tags(&self) -> impl Iterator<Item = &'t [u8]> + use<'t> {
        self.tags().filter_map(|tag| match tag {
            PropagationTag::Unknown(text) => Some(text),
            _ => None,
        })
    }

    /// The propagation type that the tags give together.
    pub fn propagation(&self) -> Propagation {
        self.tags().propagation()
    }

    /// (9) The file system type, with its subtype: `ext4`, `fuse.sshfs`.
    pub fn fs_type(&self) -> Cow<'t, OsStr> {
        escape::os_str(self.span(self.fields.fs_type, self.fields.source))
    }

    /// Whether the file system is of this type, such as `row.has_fs_type("overlay")`.
    ///
    /// A type with a subtype is compared whole: `fuse.sshfs` is not `fuse`.
    pub fn has_fs_type(&self, name: impl AsRef<OsStr>) -> bool {
        *self.fs_type() == *name.as_ref()
    }

    /// (10) What is mounted, in the words of the program that mounted it. It may be empty, and it
    /// may be any text.
    pub fn source(&self) -> Cow<'t, OsStr> {
        escape::os_str(self.span(self.fields.source, self.fields.super_options))
    }

    /// (11) Options of the file system. They are the same for all its mounts. Words after them are
    /// part of the last one.
    pub fn super_options(&self) -> Options<'t> {
        Options::new(&self.line[self.fields.super_options as usize..])
    }

    /// (3) to (5), undecoded.
    pub(crate) fn device_root_and_point_fields(&self) -> &'t [u8] {
        let start = memchr::memchr_iter(b' ', self.line)
            .nth(1)
            .map_or(0, |blank| blank + 1);
        &self.line[start..self.fields.mount_options as usize - 1]
    }

    /// (9) and (10), undecoded.
    pub(crate) fn type_and_source_field(&self) -> &'t [u8] {
        self.span(self.fields.fs_type, self.fields.super_options)
    }

    /// The field that starts at `start` if the next field starts at `next`.
    fn span(&self, start: u32, next: u32) -> &'t [u8] {
        &self.line[start as usize..next as usize - 1]
    }
}

impl PartialEq for Row<'_> {
    /// Two rows are equal if their texts are. The unique id does not count, because only some
    /// routes know it.
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
