//! Checks a document for lines that some reader understands in an unexpected way.
//!
//! There are two passes over the lines for all readers: the first finds what comes of the file, and
//! the second what is odd about each line. The work for each word is bounded, and so is the work of
//! the second pass.

use crate::document::{Document, LineKind, Look};
use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as Kind};
use crate::lint::findings::Findings;
use crate::lint::groups::Set;
use crate::lint::rules::effort::Effort;
use crate::lint::rules::numeric::{NAMES, Numeric, place};
use crate::lint::rules::pass::{Lint, Seen, inside};
use crate::lint::rules::readings::Readings;
use crate::lint::rules::traits::Traits;
use crate::readers::{Context, DEFAULT, Outcome, Reader, Trouble};

impl Document {
    /// Lists everything odd about the document, in the order of its lines. The readers are those
    /// that containers have most often: glibc, musl and Go.
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
        self.diagnostics_on(readers, &Context::default())
    }

    /// [`diagnostics_for`](Document::diagnostics_for) with facts about the host.
    pub fn diagnostics_on<'a>(
        &'a self,
        readers: &'a [Reader],
        context: &Context,
    ) -> Vec<Diagnostic<'a>> {
        let traits = Traits::of(readers);
        let outcomes = Readings::of(self, readers, context, traits.shortest_line);
        let mut lint = Lint::new(readers, traits, outcomes);
        // For some reader a NUL hides the next line, too.
        let hides_lines = self.as_bytes().contains(&0);
        if hides_lines {
            // Before the lines are read in order, any of them may be hidden.
            lint.eaten = lint.traits.eats_next;
        }
        lint.numeric_options(self);
        lint.lines(self, hides_lines);
        lint.whole(self.is_missing());
        lint.troubles();
        lint.unused_search();
        lint.harmful(self);
        lint.found.finish()
    }
}

impl<'a> Lint<'a> {
    fn new(readers: &'a [Reader], traits: Traits, outcomes: Vec<Outcome>) -> Self {
        let full = outcomes.iter().map(|outcome| outcome.full_line);
        let first_full = full.filter(|line| *line > 0).min();
        let first_end = outcomes.iter().map(|outcome| outcome.end_line).min();
        Self {
            found: Findings::new(readers),
            readers,
            search_lines: by_line(&outcomes, |o| Some(o.search_line).filter(|line| *line > 0)),
            first_full: first_full.unwrap_or(usize::MAX),
            first_end: first_end.unwrap_or(usize::MAX),
            traits,
            outcomes,
            numeric: Numeric::default(),
            exact_left: 0,
            servers: Seen::default(),
            eaten: Set::default(),
            next_eaten: Set::default(),
            inside: Look::of(b""),
            cut_off: 0,
        }
    }

    /// Checks the lines one by one, until the work that may be spent on them is done.
    fn lines(&mut self, document: &'a Document, hides_lines: bool) {
        let mut effort = Effort::new();
        for line in document.lines() {
            let silent = matches!(line.kind, LineKind::Blank | LineKind::Comment);
            let hides = || !self.next_eaten.is_empty() || line.raw.contains(&0);
            if silent && line.number != 1 && !(hides_lines && hides()) {
                continue;
            }
            let look = Look::of(line.raw);
            let checked = effort.pay(line, look);
            let part = checked.map_or(&b""[..], |checked| checked.raw);
            if let Some(checked) = checked {
                self.cut_off = line.content().len() - checked.content().len();
                self.line(checked, look);
            }
            if part.len() < line.raw.len() {
                let left = document.lines().len() - line.number;
                let all = self.traits.all;
                return self.push_number(line.number, Kind::NotChecked, part, left, all);
            }
        }
    }

    /// Collects the numeric options of the lines that are checked, and perhaps of some more.
    fn numeric_options(&mut self, document: &'a Document) {
        let mut effort = Effort::new();
        for line in document.lines_of(|kind| kind == LineKind::Options) {
            let Some(line) = effort.pay(line, Look::of(line.raw)) else {
                break;
            };
            // Most lines have no such word, and nobody asks who sees them.
            let mut seen = None;
            for word in line.words() {
                // A word without a value replaces no value.
                if let Some(at) = place(word).filter(|at| word.len() > NAMES[*at].len()) {
                    let seen = *seen.get_or_insert_with(|| {
                        let look = Look::of(line.raw);
                        self.inside = inside(line, look);
                        self.who_sees(line, look)
                    });
                    self.numeric.take(at, line.number, word, seen);
                }
            }
        }
        self.eaten = Set::default();
    }

    /// Findings about the file as a whole.
    fn whole(&mut self, missing: bool) {
        if missing {
            return self.push(0, Kind::MissingFile, b"", self.traits.all);
        }
        let without = Set::places(self.outcomes.len(), |at| {
            let outcome = &self.outcomes[at];
            // For these there is a finding of its own.
            let given_up = matches!(
                outcome.trouble,
                Some(Trouble::Lost(_) | Trouble::Refused(1..))
            );
            !given_up && !outcome.has_server
        });
        if !without.is_empty() {
            self.push(0, Kind::NoNameservers, b"", without);
        }
    }

    /// Finds what makes a reader fail. Attempts and times are reported with their options.
    fn troubles(&mut self) {
        let outcomes = self.outcomes.clone();
        type Which = fn(&Trouble) -> bool;
        let kinds: [(Kind, Which); 3] = [
            (Kind::FileRefused, |t| matches!(t, Trouble::Refused(1..))),
            (Kind::FileLost, |t| matches!(t, Trouble::Lost(_))),
            (Kind::SearchFails, |t| matches!(t, Trouble::SearchFails(_))),
        ];
        for (kind, which) in kinds {
            let of = |at: usize| outcomes.get(at).and_then(|o| o.trouble).filter(which);
            let mut lines: Vec<usize> = (0..outcomes.len())
                .filter_map(|at| Some(of(at)?.line()))
                .collect();
            lines.sort_unstable();
            lines.dedup();
            for line in lines {
                let affected = Set::places(outcomes.len(), |at| {
                    of(at).is_some_and(|trouble| trouble.line() == line)
                });
                self.push(line, kind, b"", affected);
            }
        }
    }

    /// Finds readers that never use the search list, because every name has enough dots.
    fn unused_search(&mut self) {
        for (line, affected) in by_line(&self.outcomes, |outcome| {
            outcome.search_unused.then_some(outcome.search_line)
        }) {
            self.push(line, Kind::SearchUnused, b"", affected);
        }
    }
}

/// Groups the readers by the line that `line` gives for them. Readers without a line are left out.
fn by_line(outcomes: &[Outcome], line: impl Fn(&Outcome) -> Option<usize>) -> Vec<(usize, Set)> {
    let mut lines: Vec<usize> = outcomes.iter().filter_map(&line).collect();
    lines.sort_unstable();
    lines.dedup();
    let of = |wanted: usize| Set::places(outcomes.len(), |at| line(&outcomes[at]) == Some(wanted));
    lines.into_iter().map(|line| (line, of(line))).collect()
}
