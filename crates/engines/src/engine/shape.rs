//! The shape of a path: literal parts, and words in angle brackets for the parts that differ.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::engine::word::Word;

/// The shape of a path, for example `overlay2/<layer>/merged`.
///
/// | word | stands for |
/// | --- | --- |
/// | `<id>` | a container id: 64 hexadecimal digits |
/// | `<layer>` | a layer id: 64 hexadecimal digits |
/// | `<key>` | a key of BuildKit: 25 letters and digits |
/// | `<container>` | a container id as a person may choose it in containerd |
/// | `<pod>` | the UID of a pod |
/// | `<number>` | decimal digits |
/// | `<uid>` | the number of a user |
/// | `<name>` | any name, without a slash |
/// | `<namespace>` | the namespace of containerd in which the id is unique |
/// | `<path>` | anything, with slashes |
///
/// Everything else stands for itself. A shape matches a path as a whole.
///
/// # Examples
///
/// ```
/// let shape: engines::Shape = "tmp/buildkit-mount<number>".parse()?;
/// assert!(shape.to_regex().starts_with(r"tmp/buildkit\-mount"));
/// assert!("tmp/<nonsense>".parse::<engines::Shape>().is_err());
/// # Ok::<(), engines::BadShape>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    Word(Word),
}

/// A shape that cannot be read: an unknown word, a bracket without its other half, or
/// nothing at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadShape(String);

impl Shape {
    /// The shape as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same as a regular expression without anchors, as `rootmount` takes it. Its groups say
    /// where the id of the container and its namespace are.
    pub fn to_regex(&self) -> String {
        let mut regex = String::new();
        let mut named: Vec<&str> = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => push_literal(&mut regex, text),
                // A group may stand once; the first id counts.
                Part::Word(word) => match word.group().filter(|group| !named.contains(group)) {
                    Some(group) => {
                        named.push(group);
                        regex.push_str(&format!("(?P<{group}>{})", word.regex()));
                    }
                    None => regex.push_str(word.regex()),
                },
            }
        }
        regex
    }

    /// Whether a path has this shape as a whole.
    pub fn matches(&self, path: &[u8]) -> bool {
        let end = |rest: usize| rest == path.len();
        walk(&self.parts, path, 0, &mut None, &end).is_some()
    }

    /// Where the id lies in a path of this shape: `None` if it is of another shape,
    /// `Some(None)` if the shape has no id.
    pub(crate) fn id_in(&self, path: &[u8]) -> Option<Option<Range<usize>>> {
        let mut id = None;
        let end = |rest: usize| rest == path.len();
        walk(&self.parts, path, 0, &mut id, &end).map(|_| id)
    }

    /// The length of the directory of this shape; `None` if the path is not below such a directory.
    pub(crate) fn directory_in(&self, path: &[u8]) -> Option<usize> {
        let end = |rest: usize| path.get(rest) == Some(&b'/');
        walk(&self.parts, path, 0, &mut None, &end)
    }
}

/// Matches the parts with the path from `at` on. Gives the place after the last part, if `end`
/// accepts it.
fn walk(
    parts: &[Part],
    path: &[u8],
    at: usize,
    id: &mut Option<Range<usize>>,
    end: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    let Some((part, parts)) = parts.split_first() else {
        return end(at).then_some(at);
    };
    match part {
        Part::Literal(text) => {
            let is_here = path[at..].starts_with(text.as_bytes());
            is_here.then(|| walk(parts, path, at + text.len(), id, end))?
        }
        Part::Word(word) => word.lengths(&path[at..]).find_map(|length| {
            let next = at + length;
            let found = walk(parts, path, next, id, end)?;
            if word.is_id() {
                *id = Some(at..next);
            }
            Some(found)
        }),
    }
}

impl FromStr for Shape {
    type Err = BadShape;

    fn from_str(text: &str) -> Result<Self, BadShape> {
        let bad = |why: &str| Err(BadShape(format!("shape {text:?} {why}")));
        if text.is_empty() {
            return bad("is empty");
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('<') {
            parts.push(Part::Literal(before.to_owned()));
            let Some((word, after)) = after.split_once('>') else {
                return bad("has a < without its >");
            };
            match Word::named(word) {
                Some(word) => parts.push(Part::Word(word)),
                None => return bad(&format!("has the unknown word <{word}>")),
            }
            rest = after;
        }
        if rest.contains('>') {
            return bad("has a > without its <");
        }
        parts.push(Part::Literal(rest.to_owned()));
        let text = text.to_owned();
        Ok(Self { text, parts })
    }
}

fn push_literal(regex: &mut String, text: &str) {
    for character in text.chars() {
        if !character.is_ascii_alphanumeric() && !matches!(character, '/' | '_') {
            regex.push('\\');
        }
        regex.push(character);
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for BadShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadShape {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shape: &str, matching: &[&str], other: &[&str]) {
        let shape: Shape = shape.parse().unwrap();
        let regex = format!("^(?:{})$", shape.to_regex());
        let regex = regex::bytes::RegexBuilder::new(&regex)
            .unicode(false)
            .build()
            .unwrap();
        for (paths, expected) in [(matching, true), (other, false)] {
            for path in paths {
                assert_eq!(shape.matches(path.as_bytes()), expected, "{shape} {path}");
                assert_eq!(regex.is_match(path.as_bytes()), expected, "{regex} {path}");
            }
        }
    }

    #[test]
    fn words_match_what_they_stand_for() {
        let id = "0a".repeat(32);
        let upper = id.to_uppercase();
        check(
            "overlay2/<layer>-init/merged",
            &[&format!("overlay2/{id}-init/merged")],
            &[
                &format!("overlay2/{id}/merged"),
                &format!("overlay2/{upper}-init/merged"),
                &format!("overlay2/{id}-init/merged/x"),
                &format!("x/overlay2/{id}-init/merged"),
            ],
        );
        check(
            "a.b/<name>",
            &["a.b/c", "a.b/ä"],
            &["axb/c", "a.b/c/d", "a.b/"],
        );
        check(
            "s/<container>",
            &["s/c1", "s/a_b.c-d"],
            &["s/.cache", "s/-x", "s/a b"],
        );
        let pod = "3c5b1c54-7d10-4d0a-9d5c-0b1f7e6f9a11";
        check(
            "p/<pod>/v",
            &[&format!("p/{pod}/v"), &format!("p/{}/v", "ab".repeat(16))],
            &["p/x/v"],
        );
        check("v/<path>", &["v/a/b"], &["v/", "v"]);
    }

    #[test]
    fn ids_are_found_and_directories_end_at_a_slash() {
        let shape: Shape = "task/<name>/<container>/rootfs".parse().unwrap();
        assert_eq!(shape.id_in(b"task/k8s.io/c1/rootfs"), Some(Some(12..14)));
        assert_eq!(shape.id_in(b"task/k8s.io/c1/rootfs/x"), None);
        let plain: Shape = "overlay".parse().unwrap();
        assert_eq!(plain.id_in(b"overlay"), Some(None));
        let root: Shape = "/home/<name>/store".parse().unwrap();
        assert_eq!(root.directory_in(b"/home/op/store/x"), Some(14));
        assert_eq!(root.directory_in(b"/home/op/store"), None);
        assert_eq!(root.directory_in(b"/home/op/storey/x"), None);
        let remapped: Shape = "/d/<number>.<number>".parse().unwrap();
        assert_eq!(remapped.directory_in(b"/d/1000.10/x"), Some(10));
    }

    #[test]
    fn an_expression_names_the_id_and_its_namespace_once() {
        let regex = |shape: &str| shape.parse::<Shape>().unwrap().to_regex();
        assert_eq!(
            regex("task/<namespace>/<container>/rootfs"),
            "task/(?P<namespace>[^/]+)/(?P<id>[A-Za-z0-9][A-Za-z0-9_.\\-]*)/rootfs"
        );
        assert_eq!(regex("netns/<name>"), "netns/[^/]+");
        let twice = regex("<id>/<layer>/<namespace>/<namespace>");
        assert_eq!(twice.matches("(?P<").count(), 2, "{twice}");
        assert!(regex::bytes::Regex::new(&twice).is_ok());
    }

    #[test]
    fn what_is_not_a_shape_says_why() {
        for (text, why) in [
            ("", "shape \"\" is empty"),
            ("a/<id", "shape \"a/<id\" has a < without its >"),
            ("a/id>", "shape \"a/id>\" has a > without its <"),
            ("a/<ID>", "shape \"a/<ID>\" has the unknown word <ID>"),
        ] {
            assert_eq!(text.parse::<Shape>().unwrap_err().to_string(), why);
        }
    }
}
