//! The mount table, read without any of our crates: what judges them must not
//! share their mistakes.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A line of mountinfo, as far as an invariant needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: u32,
    /// The directory of the filesystem that is mounted.
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    pub(crate) shared: bool,
}

/// Mounts at `dir` or below, in the order of the table.
pub(crate) fn below(dir: &Path) -> anyhow::Result<Vec<Line>> {
    let text = fs::read("/proc/thread-self/mountinfo").context("read the mount table")?;
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let parsed: Option<Vec<Line>> = lines.map(parse).collect();
    let mut parsed = parsed.context("a line of the mount table is not one")?;
    parsed.retain(|line| line.point.starts_with(dir));
    Ok(parsed)
}

/// Where these are mounted, relative to `dir`, sorted; for messages and comparison.
pub(crate) fn points(dir: &Path, lines: &[Line]) -> Vec<String> {
    let relative = |line: &Line| {
        line.point
            .strip_prefix(dir)
            .unwrap_or(&line.point)
            .display()
            .to_string()
    };
    let mut points: Vec<String> = lines.iter().map(relative).collect();
    points.sort();
    points
}

fn parse(line: &[u8]) -> Option<Line> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let id = std::str::from_utf8(fields.first()?).ok()?.parse().ok()?;
    let tags = fields.iter().skip(6).take_while(|field| **field != b"-");
    Some(Line {
        id,
        root: unescape(fields.get(3)?),
        point: unescape(fields.get(4)?),
        shared: tags.into_iter().any(|tag| tag.starts_with(b"shared:")),
    })
}

fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
            .filter(|_| first == b'\\')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line = parse(b"36 35 98:0 /mnt1 /a\\040b rw shared:1 master:2 - ext3 /dev/root rw")
            .expect("one");
        assert_eq!((line.id, line.shared), (36, true));
        assert_eq!(line.point, Path::new("/a b"));
        assert_eq!(line.root, Path::new("/mnt1"));
        assert!(
            !parse(b"1 0 0:1 / /x rw - tmpfs shared:9 rw")
                .expect("one")
                .shared
        );
    }
}
