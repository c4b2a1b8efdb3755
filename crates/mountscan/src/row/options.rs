//! Reads option lists such as `rw,nosuid,lowerdir=a:b`, in order, with repeats. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The words of an option list, in the kernel's order, repeats included.
///
/// It is an iterator over the words as the kernel printed them. Values keep their escapes: `\040`,
/// and those of file systems, such as overlay's `\054` for a comma. Decode a value with
/// [`unescape`](crate::unescape) when you need its meaning. A comma inside a quoted value
/// (`context="a:c1,c2"`) does not split.
///
/// # Examples
///
/// ```
/// let line = b"9 1 0:7 / /m rw - overlay o rw,lowerdir+=/a,lowerdir+=/b,xino=off";
/// let row = mountscan::Row::parse(line).unwrap();
/// let layers: Vec<_> = row.super_options().get_all("lowerdir+").collect();
/// assert_eq!(layers, ["/a", "/b"]);
/// assert!(row.mount_options().has("rw"));
/// ```
#[derive(Debug, Clone)]
pub struct Options<'t> {
    rest: Option<&'t [u8]>,
}

impl<'t> Options<'t> {
    /// Reads a comma-separated list. An empty list has no words.
    pub fn new(list: &'t [u8]) -> Self {
        Self {
            rest: (!list.is_empty()).then_some(list),
        }
    }

    /// The rest of the list as bytes. Before the first call of `next` it is the whole list.
    pub fn as_bytes(&self) -> &'t [u8] {
        self.rest.unwrap_or_default()
    }

    /// Whether an option of this name is there, with or without a value.
    pub fn has(&self, name: impl AsRef<OsStr>) -> bool {
        self.get(name).is_some()
    }

    /// The value of the first option of this name. It is empty for a bare word such as `ro`.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&'t OsStr> {
        self.get_all(name).next()
    }

    /// The values of every option of this name, in order. They are empty for bare words.
    pub fn get_all<N: AsRef<OsStr>>(
        &self,
        name: N,
    ) -> impl Iterator<Item = &'t OsStr> + use<'t, N> {
        self.pairs()
            .filter(move |(n, _)| *n == name.as_ref())
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// The words as name and value, split at the first `=`; a bare word has no value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'t OsStr, Option<&'t OsStr>)> + use<'t> {
        self.clone().map(|word| {
            let word = word.as_bytes();
            match memchr::memchr(b'=', word) {
                Some(at) => (
                    OsStr::from_bytes(&word[..at]),
                    Some(OsStr::from_bytes(&word[at + 1..])),
                ),
                None => (OsStr::from_bytes(word), None),
            }
        })
    }
}

impl<'t> Iterator for Options<'t> {
    type Item = &'t OsStr;

    fn next(&mut self) -> Option<&'t OsStr> {
        let list = self.rest?;
        let end = word_end(list);
        self.rest = list.get(end + 1..);
        Some(OsStr::from_bytes(&list[..end]))
    }
}

/// Where the first word ends. If a value begins with a quote (security labels), it goes to the
/// closing quote.
fn word_end(list: &[u8]) -> usize {
    let comma = memchr::memchr(b',', list).unwrap_or(list.len());
    let mut quotes = memchr::memchr_iter(b'"', &list[..comma]);
    if let Some(open) = quotes.find(|&at| at > 0 && list[at - 1] == b'=') {
        let value = open + 1;
        let closing = memchr::memchr_iter(b'"', &list[value..]).map(|at| value + at + 1);
        for end in closing {
            if end == list.len() || list[end] == b',' {
                return end;
            }
        }
    }
    comma
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, want: &[&str]) {
        assert_eq!(Options::new(list.as_bytes()).collect::<Vec<_>>(), want);
    }

    #[test]
    fn words_keep_order_repeats_and_empties() {
        check("", &[]);
        check("rw", &["rw"]);
        check("rw,a=1,a=2,rw", &["rw", "a=1", "a=2", "rw"]);
        check("rw,,x,", &["rw", "", "x", ""]);
    }

    #[test]
    fn a_quoted_value_keeps_its_commas() {
        check(
            r#"rw,context="u:r:t:s0:c1,c2",x"#,
            &["rw", r#"context="u:r:t:s0:c1,c2""#, "x"],
        );
        check(r#"context="a,b""#, &[r#"context="a,b""#]);
        check(r#"a="open,b"#, &[r#"a="open"#, "b"]);
        check(r#"a="x"y,b"c"#, &[r#"a="x"y"#, r#"b"c"#]);
    }

    #[test]
    fn names_and_values() {
        let options = Options::new(b"ro,size=1,uid=0,size=2,e=");
        assert!(options.has("ro") && options.has("size") && !options.has("siz"));
        assert_eq!(options.get("size"), Some(OsStr::new("1")));
        assert_eq!(options.get("ro"), Some(OsStr::new("")));
        assert_eq!(options.get_all("size").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            options.pairs().last(),
            Some((OsStr::new("e"), Some(OsStr::new(""))))
        );
    }
}
