//! Typed editing: what is asked for changes, every other byte stays.

use std::ops::Range;

use crate::document::address::Nameserver;
use crate::document::lossless::{Document, Line, LineKind, split_option};
use crate::document::parse;
use crate::error::{Error, ErrorKind};

/// Edits keep comments, unknown lines, indentation and line ends, and the place of what they change.
///
/// # Examples
///
/// ```
/// let mut document = resolvconf::parse(b"# by hand\nnameserver 192.0.2.1 # main\noptions rotate\n");
/// document.set_nameservers(&["192.0.2.9".parse()?]);
/// document.set_option("ndots:2")?;
/// assert_eq!(
///     document.as_bytes(),
///     b"# by hand\nnameserver 192.0.2.9 # main\noptions rotate ndots:2\n"
/// );
/// # Ok::<(), resolvconf::Error>(())
/// ```
impl Document {
    /// Makes these the nameservers, in this order.
    ///
    /// Servers that are equal at the start and the end of both lists keep their lines as they are;
    /// those between change their address, go, or get lines of their own. Lines without a valid
    /// address are left alone.
    pub fn set_nameservers(&mut self, wanted: &[Nameserver]) {
        let present: Vec<(usize, Nameserver)> = self
            .nameservers()
            .map(|found| (found.line - 1, found.value))
            .collect();
        let equal = |(a, b): &(&(usize, Nameserver), &Nameserver)| a.1 == **b;
        let head = present.iter().zip(wanted).take_while(equal).count();
        let (old, new) = (&present[head..], &wanted[head..]);
        let tail = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take_while(equal)
            .count();
        let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);

        let mut edit = Edit::of(self);
        for (at, (line, _)) in old.iter().enumerate() {
            match new.get(at) {
                Some(server) => edit.replace_word(*line, 1, &server.to_bytes()),
                None => edit.remove(*line),
            }
        }
        let anchor = match old.last().or(present[..head].last()) {
            Some((line, _)) => Some(*line),
            // Before the first server that stays; else at the end of the file.
            None => present.first().map(|(line, _)| line.wrapping_sub(1)),
        };
        let added = new.iter().skip(old.len());
        let added = added.map(|server| [b"nameserver ", &server.to_bytes()[..]].concat());
        edit.insert_after(anchor, &added.collect::<Vec<_>>());
        *self = edit.finish();
    }

    /// Makes this the search list. An empty one removes every `search` and `domain` line.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidWord`] when a domain is empty or holds white space. Nothing is changed.
    pub fn set_search(&mut self, domains: &[&str]) -> Result<(), Error> {
        domains.iter().try_for_each(|word| check_word(word))?;
        let list = domains.join(" ");
        let mut edit = Edit::of(self);
        if self
            .search()
            .eq(domains.iter().map(|domain| domain.as_bytes()))
        {
            return Ok(());
        }
        match self.search_line() {
            _ if domains.is_empty() => {
                let lists = self
                    .lines()
                    .filter(|line| matches!(line.kind, LineKind::Search | LineKind::Domain));
                lists.for_each(|line| edit.remove(line.number - 1));
            }
            Some(line) => {
                if line.kind == LineKind::Domain && domains.len() > 1 {
                    edit.replace_words(line, 0, format!("search {list}").as_bytes());
                } else {
                    edit.replace_words(line, 1, list.as_bytes());
                }
            }
            None => edit.insert_after(None, &[format!("search {list}").into_bytes()]),
        }
        *self = edit.finish();
        Ok(())
    }

    /// Sets one option, such as `ndots:2` or `rotate`: in place of the last one of that name, else
    /// at the end of the last `options` line.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidWord`] when it is empty or holds white space. Nothing is changed.
    pub fn set_option(&mut self, option: &str) -> Result<(), Error> {
        check_word(option)?;
        let name = split_option(option.as_bytes()).0;
        let mut edit = Edit::of(self);
        let mut named = None;
        let mut end = None;
        for line in self.lines().filter(|line| line.kind == LineKind::Options) {
            let words = line.words().enumerate();
            let same = words.filter(|(_, option)| split_option(option).0 == name);
            named = same.last().map(|(at, _)| (line, at + 1)).or(named);
            end = Some(line);
        }
        match (named, end) {
            (Some((line, at)), _) => edit.replace_word(line.number - 1, at, option.as_bytes()),
            (None, Some(line)) => {
                let words = line.words().count();
                edit.append_word(line.number - 1, words, option.as_bytes());
            }
            (None, None) => edit.insert_after(None, &[format!("options {option}").into_bytes()]),
        }
        *self = edit.finish();
        Ok(())
    }

    /// Removes every option of that name; a line that has no other goes with it.
    pub fn remove_option(&mut self, name: &str) {
        let mut edit = Edit::of(self);
        for line in self.lines().filter(|line| line.kind == LineKind::Options) {
            let named = |option: &&[u8]| split_option(option).0 == name.as_bytes();
            let kept: Vec<&[u8]> = line.words().filter(|option| !named(option)).collect();
            if kept.len() == line.words().count() {
                continue;
            }
            match kept.is_empty() {
                true => edit.remove(line.number - 1),
                false => edit.replace_words(line, 1, &kept.join(&b" "[..])),
            }
        }
        *self = edit.finish();
    }
}

fn check_word(word: &str) -> Result<(), Error> {
    let mut fields = parse::fields(word.as_bytes());
    if fields.next() == Some(word.as_bytes()) {
        return Ok(());
    }
    let operation = format!("set {word:?}: not one word");
    Err(Error::word(ErrorKind::InvalidWord, operation))
}

/// The lines of a document, some of them replaced.
struct Edit {
    lines: Vec<Vec<u8>>,
    terminator: &'static [u8],
}

impl Edit {
    fn of(document: &Document) -> Self {
        let crlf = document
            .lines()
            .next()
            .is_some_and(|line| line.raw.ends_with(b"\r\n"));
        Self {
            lines: document.lines().map(|line| line.raw.to_vec()).collect(),
            terminator: if crlf { b"\r\n" } else { b"\n" },
        }
    }

    fn replace_word(&mut self, line: usize, word: usize, text: &[u8]) {
        let range = self.word(line, word);
        self.lines[line].splice(range, text.iter().copied());
    }

    /// Replaces everything from a word to the last one.
    fn replace_words(&mut self, line: Line<'_>, from: usize, text: &[u8]) {
        let at = line.number - 1;
        let end = self.word(at, line.words().count()).end;
        let range = self.word(at, from).start..end;
        self.lines[at].splice(range, text.iter().copied());
    }

    fn append_word(&mut self, line: usize, last: usize, text: &[u8]) {
        let end = self.word(line, last).end;
        self.lines[line].splice(end..end, [b" ", text].concat());
    }

    fn remove(&mut self, line: usize) {
        self.lines[line].clear();
    }

    /// Adds lines after another, or at the end. `usize::MAX` is the line before the first.
    fn insert_after(&mut self, anchor: Option<usize>, added: &[Vec<u8>]) {
        let added = added.iter().flat_map(|line| [&line[..], self.terminator]);
        let added = added.collect::<Vec<_>>().concat();
        match (anchor, self.lines.len().checked_sub(1)) {
            (_, None) => self.lines.push(added),
            (Some(usize::MAX), _) => {
                let first = &mut self.lines[0];
                let mark = parse::BYTE_ORDER_MARK;
                let at = if first.starts_with(mark) {
                    mark.len()
                } else {
                    0
                };
                first.splice(at..at, added);
            }
            (Some(line), _) | (None, Some(line)) => self.append_line(line, &added),
        }
    }

    fn append_line(&mut self, line: usize, added: &[u8]) {
        let terminator = self.terminator;
        let text = &mut self.lines[line];
        if added.is_empty() {
            return;
        }
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.extend_from_slice(terminator);
        }
        text.extend_from_slice(added);
    }

    /// Where a word of a line stands; the directive is word 0.
    fn word(&self, line: usize, word: usize) -> Range<usize> {
        let raw = &self.lines[line][..];
        let content = parse::content(raw, line == 0);
        let word = parse::fields(content)
            .nth(word)
            .unwrap_or(&content[content.len()..]);
        let start = word.as_ptr() as usize - raw.as_ptr() as usize;
        start..start + word.len()
    }

    fn finish(self) -> Document {
        let first_removed = self.lines.first().is_some_and(Vec::is_empty);
        let mut text = self.lines.concat();
        // A byte order mark is a mark only at the very start, where this line never was.
        if first_removed && text.starts_with(parse::BYTE_ORDER_MARK) {
            text.splice(..0, self.terminator.iter().copied());
        }
        Document::from(text)
    }
}
