//! What moby's own sweep would unmount, exactly, for parity tests.
//!
//! This is a model of the ancestor, faults included: it compares text where it
//! should compare components, lets its patterns float, splits on Unicode white
//! space and stops at a long line. Its answer is a list of paths, which nothing executes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use regex::bytes::Regex;

/// A line this long, or longer, makes the ancestor's reader give up.
const LINE_LIMIT: usize = 64 * 1024;

/// What moby would do on a mount table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SeedSelection {
    /// The paths that would be unmounted, in call order, still escaped as in the
    /// table; a path stands twice if two patterns hit its line.
    pub(crate) unmounts: Vec<PathBuf>,
    /// Whether the reader gave up before the end, at a line of 64 KiB or more.
    pub(crate) cut_short: bool,
}

/// Selects as moby's `cleanupMountsFromReaderByID` does.
///
/// `mountinfo` is the text of a mount table, `root` the daemon root as written
/// in the configuration, `id` empty for a sweep or one layer id, which goes
/// into the patterns unescaped as it does there.
pub(crate) fn seed_selection(mountinfo: &[u8], root: &str, id: &str) -> SeedSelection {
    let mut selection = SeedSelection::default();
    if root.is_empty() {
        return selection;
    }
    let patterns = patterns(id);
    for line in mountinfo.split(|&b| b == b'\n') {
        if line.len() >= LINE_LIMIT {
            selection.cut_short = true;
            return selection;
        }
        let Some(point) = field(line, 4) else {
            continue;
        };
        if !point.starts_with(root.as_bytes()) {
            continue;
        }
        for _ in patterns.iter().filter(|p| p.is_match(&point)) {
            selection
                .unmounts
                .push(PathBuf::from(OsString::from_vec(point.clone())));
        }
    }
    selection
}

/// The four patterns, or the two of one id; one that does not compile is dropped.
fn patterns(id: &str) -> Vec<Regex> {
    let any = "[0-9a-f]{64}";
    let texts = match id {
        "" => vec![
            format!("containers/{any}/mounts/shm"),
            format!("containers/{any}/shm"),
            format!("overlay2/{any}/merged$"),
            format!("zfs/graph/{any}$"),
        ],
        id => vec![format!("overlay2/{id}/merged$"), format!("zfs/graph/{id}$")],
    };
    texts
        .iter()
        .filter_map(|t| Regex::new(&format!("(?-u){t}")).ok())
        .collect()
}

/// The n-th word between runs of Unicode white space. Bytes that are not UTF-8
/// belong to a word.
fn field(line: &[u8], n: usize) -> Option<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_whitespace() {
                open = false;
                continue;
            }
            push(&mut words, &mut open, c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if !chunk.invalid().is_empty() {
            push(&mut words, &mut open, chunk.invalid());
        }
    }
    words.into_iter().nth(n)
}

fn push(words: &mut Vec<Vec<u8>>, open: &mut bool, bytes: &[u8]) {
    if !*open {
        words.push(Vec::new());
        *open = true;
    }
    if let Some(word) = words.last_mut() {
        word.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_split_on_unicode_white_space() {
        assert_eq!(
            field("a b\u{b}c\u{85}d  e".as_bytes(), 4).as_deref(),
            Some(&b"e"[..])
        );
        assert_eq!(field(b"a b c", 4), None);
        assert_eq!(
            field(b"1 2 3 4 \xff\xfe 6", 4).as_deref(),
            Some(&b"\xff\xfe"[..])
        );
    }

    #[test]
    fn another_daemons_root_is_taken_for_ours() {
        let id = "ab".repeat(32);
        let table = format!("3 1 0:3 / /var/lib/docker2/containers/{id}/shm rw - tmpfs shm rw\n");
        let seed = seed_selection(table.as_bytes(), "/var/lib/docker", "");
        assert_eq!(seed.unmounts.len(), 1);
    }

    #[test]
    fn an_id_goes_in_as_a_pattern() {
        let table = b"1 1 0:1 / /r/overlay2/abc/merged rw - overlay o rw\n";
        assert_eq!(seed_selection(table, "/r", "a.c").unmounts.len(), 1);
        assert_eq!(seed_selection(table, "/r", "(").unmounts.len(), 0);
        assert_eq!(seed_selection(table, "", "abc").unmounts.len(), 0);
    }

    #[test]
    fn a_long_line_stops_the_reader() {
        let id = "ab".repeat(32);
        let row = format!("1 1 0:1 / /r/containers/{id}/shm rw - tmpfs shm rw\n");
        let table = format!(
            "{row}2 1 0:2 / /x rw - overlay o {}\n{row}",
            "l".repeat(LINE_LIMIT)
        );
        let seed = seed_selection(table.as_bytes(), "/r", "");
        assert_eq!(seed.unmounts.len(), 1);
        assert!(seed.cut_short);
    }
}
