//! Parses one row of mountinfo: bytes become the places of its fields.
//!
//! ```text
//! 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//! (1)(2)(3:4) (5)   (6)     (7)       (8)   (9) (10)  (11)          (12)
//! ```
//!
//! Single blanks separate the fields. No field contains a blank, except the last: everything after
//! the source, with its blanks, is the super options. A field may be empty: a source of `""` is.

use std::fmt;

use memchr::memchr;

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
    /// The line is empty.
    Empty,
    /// The mount id is not a decimal number of 32 bits.
    MountId,
    /// The parent id is not a decimal number of 32 bits.
    ParentId,
    /// The device is not `major:minor`.
    Device,
    /// The row ends before the mount options.
    TooFewFields,
    /// There is no lone `-` after the mount options.
    NoSeparator,
    /// Type, source or super options are missing after the separator.
    ShortTail,
    /// The row is longer than the reader's limit.
    TooLong,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty row",
            Self::MountId => "mount id is not a number",
            Self::ParentId => "parent id is not a number",
            Self::Device => "device is not major:minor",
            Self::TooFewFields => "row ends before the mount options",
            Self::NoSeparator => "no separator after the mount options",
            Self::ShortTail => "type, source or super options missing after the separator",
            Self::TooLong => "row is longer than the limit",
        })
    }
}

/// The numbers of a row, and where its text fields begin. A table keeps this for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) mount_id: u32,
    pub(crate) parent_id: u32,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) root: u32,
    pub(crate) mount_point: u32,
    pub(crate) mount_options: u32,
    /// Start of the first tag, or of the separator if there is no tag.
    pub(crate) tags: u32,
    pub(crate) fs_type: u32,
    pub(crate) source: u32,
    pub(crate) super_options: u32,
}

impl Fields {
    /// The mount point, in the row in which these fields were found.
    pub(crate) fn raw_point<'t>(&self, line: &'t [u8]) -> &'t [u8] {
        &line[self.mount_point as usize..self.mount_options as usize - 1]
    }
}

/// Finds the fields of one row, in one pass and without allocation. It does not look at what
/// follows the source.
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
    // The length has been checked, and no place is beyond it.
    Ok(Fields {
        mount_id,
        parent_id,
        major,
        minor,
        root: root as u32,
        mount_point: mount_point as u32,
        mount_options: mount_options as u32,
        tags: tags as u32,
        fs_type: fs_type as u32,
        source: source as u32,
        super_options: super_options as u32,
    })
}

/// Reads a decimal number at `at` that `end` follows. Returns the number, and where the next field
/// starts.
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
/// Most fields are short. So the first bytes are looked at as one word, without a call.
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

/// Start of the field after the separator, the first lone `-` from `at` on. A path cannot look like
/// it, because blanks in paths are escaped. A source of `-` comes after it.
#[inline]
fn after_separator(line: &[u8], mut at: usize) -> Option<usize> {
    while !line[at..].starts_with(b"- ") {
        at = next_field(line, at)?;
    }
    Some(at + 2)
}
