//! Looks over a document for what some reader takes in another way than it looks.
//!
//! One pass, a fixed amount of work per word, after one pass per reader.

use crate::document::{BYTE_ORDER_MARK, Document, Line, LineKind};
use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as Kind};
use crate::lint::groups::Set;
use crate::lint::rules::numeric::Numeric;
use crate::lint::rules::servers::Seen;
use crate::lint::rules::traits::Traits;
use crate::readers::{DEFAULT, Effective, Reader, Trouble};

impl Document {
    /// Everything odd about the document, in the order of its lines, for the readers that
    /// containers have most often: glibc, musl and Go.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = resolvconf::parse(b"nameserver 10.1\n");
    /// let found = document.diagnostics();
    /// assert_eq!((found[0].line(), found[0].kind().as_str()), (0, "no-nameservers"));
    /// assert_eq!(found[0].readers().next().unwrap().name, "go");
    /// assert_eq!((found[1].line(), found[1].kind().as_str()), (1, "short-address"));
    /// ```
    pub fn diagnostics(&self) -> Vec<Diagnostic<'_>> {
        self.diagnostics_for(&DEFAULT)
    }

    /// [`diagnostics`](Document::diagnostics) for other readers, at most 64.
    pub fn diagnostics_for<'a>(&'a self, readers: &'a [Reader]) -> Vec<Diagnostic<'a>> {
        let effective: Vec<Effective> = readers.iter().map(|r| self.effective(r)).collect();
        self.diagnostics_of(readers, &effective)
    }

    pub(crate) fn diagnostics_of<'a>(
        &'a self,
        readers: &'a [Reader],
        effective: &[Effective],
    ) -> Vec<Diagnostic<'a>> {
        let mut lint = Lint::new(self, readers);
        lint.whole(self.is_missing(), effective);
        let mut words = Vec::new();
        for line in self.lines() {
            words.clear();
            if line.kind.takes_values() {
                words.extend(line.words());
            }
            lint.line(line, &words);
        }
        lint.troubles(effective);
        lint.unused_search(self, effective);
        lint.found.sort_by_key(|diagnostic| diagnostic.line);
        lint.found
    }
}

pub(crate) struct Lint<'a> {
    pub(crate) found: Vec<Diagnostic<'a>>,
    pub(crate) readers: &'a [Reader],
    pub(crate) traits: Traits,
    pub(crate) numeric: Numeric<'a>,
    pub(crate) servers: Seen,
    /// The last line with a search list.
    search_line: Option<usize>,
}

impl<'a> Lint<'a> {
    fn new(document: &'a Document, readers: &'a [Reader]) -> Self {
        Self {
            found: Vec::new(),
            readers,
            traits: Traits::of(readers),
            numeric: Numeric::of(document),
            servers: Seen::default(),
            search_line: document.search_line().map(|line| line.number),
        }
    }

    pub(crate) fn push(&mut self, line: usize, kind: Kind, subject: &'a [u8], affected: Set) {
        self.push_number(line, kind, subject, 0, affected);
    }

    pub(crate) fn push_number(
        &mut self,
        line: usize,
        kind: Kind,
        subject: &'a [u8],
        number: usize,
        affected: Set,
    ) {
        self.found.push(Diagnostic {
            line,
            kind,
            subject,
            number,
            readers: self.readers,
            affected,
        });
    }

    /// What holds for the file as a whole.
    fn whole(&mut self, missing: bool, effective: &[Effective]) {
        if missing {
            return self.push(0, Kind::MissingFile, b"", self.traits.all);
        }
        let without = Set::places(effective.len(), |at| {
            let lost = matches!(effective[at].trouble, Some(Trouble::Lost(_)));
            !lost && effective[at].servers.iter().all(|server| server.line == 0)
        });
        if !without.is_empty() {
            self.push(0, Kind::NoNameservers, b"", without);
        }
    }

    /// What makes a reader fail. Attempts and times are told with their options.
    fn troubles(&mut self, effective: &[Effective]) {
        type Which = fn(&Trouble) -> bool;
        let kinds: [(Kind, Which); 3] = [
            (Kind::FileRefused, |t| matches!(t, Trouble::Refused(1..))),
            (Kind::FileLost, |t| matches!(t, Trouble::Lost(_))),
            (Kind::SearchFails, |t| matches!(t, Trouble::SearchFails(_))),
        ];
        for (kind, which) in kinds {
            let of = |at: usize| effective.get(at).and_then(|e| e.trouble).filter(which);
            let mut lines: Vec<usize> = (0..effective.len())
                .filter_map(|at| Some(of(at)?.line()))
                .collect();
            lines.sort_unstable();
            lines.dedup();
            for line in lines {
                let affected = Set::places(effective.len(), |at| {
                    of(at).is_some_and(|trouble| trouble.line() == line)
                });
                self.push(line, kind, b"", affected);
            }
        }
    }

    /// Readers that never come to the search list, because every name has enough dots.
    fn unused_search(&mut self, document: &'a Document, effective: &[Effective]) {
        let unused = Set::places(effective.len(), |at| {
            let effective = &effective[at];
            effective.ndots == 0 && effective.search.iter().any(|domain| *domain != ".")
        });
        let unused = unused.and(self.traits.few_dots_only);
        if let Some(line) = document.search_line().filter(|_| !unused.is_empty()) {
            self.push(line.number, Kind::SearchUnused, b"", unused);
        }
    }

    /// Looks over one line, with the words after its directive.
    fn line(&mut self, line: Line<'a>, words: &[&'a [u8]]) {
        if line.number == 1 && line.raw.starts_with(BYTE_ORDER_MARK) {
            self.push(1, Kind::ByteOrderMark, b"", self.traits.all);
        }
        match line.kind {
            LineKind::Blank | LineKind::Comment => return,
            LineKind::IndentedComment => {
                let unknown = self.traits.reports_unknown;
                return self.push(line.number, Kind::IndentedComment, b"", unknown);
            }
            _ => {}
        }
        self.bytes(line);
        match line.kind {
            LineKind::Other => return self.unknown(line),
            _ if words.is_empty() => {
                let clears = match line.kind {
                    LineKind::Search | LineKind::Domain => self.traits.empty_clears,
                    _ => Set::default(),
                };
                return self.push(line.number, Kind::MissingValue, line.directive(), clears);
            }
            LineKind::Nameserver => self.nameserver(line.number, words),
            LineKind::Search | LineKind::Domain => self.search(line, words, self.search_line),
            LineKind::Options => self.options(line, words),
            LineKind::Sortlist => self.sortlist(line, words),
            _ => {}
        }
        self.blanks(line, words.len());
    }

    /// What the bytes of a line show before their meaning is looked at.
    fn bytes(&mut self, line: Line<'a>) {
        let content = line.content();
        if content.contains(&0) {
            self.push(line.number, Kind::NulByte, b"", self.traits.all);
        }
        if std::str::from_utf8(content).is_err() {
            self.push(line.number, Kind::InvalidUtf8, b"", Set::default());
        }
        if line.raw.ends_with(b"\r\n") || line.raw.ends_with(b"\r") {
            let loses_server = usize::from(line.kind == LineKind::Nameserver);
            let affected = self.traits.return_is_a_byte;
            self.push_number(
                line.number,
                Kind::CarriageReturn,
                b"",
                loses_server,
                affected,
            );
        }
        if content.len() > self.traits.shortest_line {
            let length = content.len();
            let too_long = |reader: &Reader| {
                let longest = reader.lines.longest;
                longest.is_some_and(|(longest, _)| length > longest)
            };
            let affected = Set::of(self.readers, too_long);
            self.push_number(line.number, Kind::LongLine, b"", length, affected);
        }
    }

    fn unknown(&mut self, line: Line<'a>) {
        let directive = line.directive();
        let known: [&[u8]; 5] = [b"nameserver", b"search", b"domain", b"options", b"sortlist"];
        let in_other_case = known
            .iter()
            .any(|known| known.eq_ignore_ascii_case(directive));
        let kind = match in_other_case {
            true => Kind::KeywordCase,
            false => Kind::UnknownDirective,
        };
        self.push(line.number, kind, directive, self.traits.all);
    }

    fn blanks(&mut self, line: Line<'a>, words: usize) {
        let content = line.content();
        if matches!(content.first(), Some(b' ' | b'\t')) {
            self.push(
                line.number,
                Kind::IndentedDirective,
                b"",
                self.traits.no_indent,
            );
        }
        let plain = |b: &u8| *b == b' ' || *b == b'\t';
        let by_blanks = content.split(plain).filter(|word| !word.is_empty());
        let odd = content
            .iter()
            .any(|b| matches!(b, b'\x0b' | b'\x0c' | b'\r') || !b.is_ascii());
        // Where the words are the same and no odd blank stands beside one, all readers agree.
        if odd && (by_blanks.count() != 1 + words || has_odd_end(content)) {
            let beyond_ascii = !content.is_ascii();
            let affected = match beyond_ascii {
                true => self.traits.ascii_blanks,
                false => self.traits.few_blanks,
            };
            self.push(line.number, Kind::OddBlank, b"", affected);
        }
    }
}

/// Whether a word ends or begins in white space that only some readers know.
fn has_odd_end(content: &[u8]) -> bool {
    let plain = |b: &u8| *b == b' ' || *b == b'\t';
    let odd = |word: &[u8]| {
        let ascii = |b: &u8| matches!(b, b'\x0b' | b'\x0c' | b'\r');
        let first = crate::document::fields(word).next();
        word.first().is_some_and(ascii)
            || word.last().is_some_and(ascii)
            || first.is_none_or(|first| first.len() != word.len())
    };
    content
        .split(plain)
        .any(|word| !word.is_empty() && odd(word))
}
