//! Checks a document for lines that some reader understands in an unexpected way.
//!
//! There is one pass over the lines for all readers. The work for each word is bounded.

use crate::document::{Document, LineKind, Look};
use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as Kind};
use crate::lint::groups::Set;
use crate::lint::rules::findings::Findings;
use crate::lint::rules::numeric::Numeric;
use crate::lint::rules::pass::{Lint, Seen};
use crate::lint::rules::readings::Readings;
use crate::lint::rules::traits::Traits;
use crate::readers::{Context, DEFAULT, Outcome, Reader, Row, Trouble};

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
        let mut lint = Lint::new(self, readers);
        let mut readings = Readings::new(readers, context, lint.traits.shortest_line);
        for line in self.lines() {
            if line.raw == b"\n" && readings.may_skip_empty() {
                continue;
            }
            let row = Row::of(line.number, line.raw);
            readings.line(row, line.kind);
            lint.line(line, row.look, &readings);
        }
        let outcomes = readings.outcomes();
        lint.whole(self.is_missing(), &outcomes);
        lint.troubles(&outcomes);
        lint.unused_search(&outcomes);
        if lint.hidden_search {
            lint.replaced_searches(self, &outcomes);
        }
        lint.found.finish()
    }
}

impl<'a> Lint<'a> {
    fn new(document: &'a Document, readers: &'a [Reader]) -> Self {
        let mut lint = Self {
            found: Findings::new(readers),
            readers,
            traits: Traits::of(readers),
            numeric: Numeric::default(),
            servers: Seen::default(),
            search_line: None,
            // For some reader a NUL hides the next line, too.
            hidden_search: document.as_bytes().contains(&0),
            eaten: Set::default(),
            next_eaten: Set::default(),
        };
        if lint.hidden_search {
            // Before the lines are read in order, any of them may be hidden by a NUL.
            lint.eaten = lint.traits.eats_next;
        }
        let kinds = [LineKind::Options, LineKind::Search, LineKind::Domain];
        for line in document.lines_of(|kind| kinds.contains(&kind)) {
            let look = Look::of(line.raw);
            let seen = lint.who_sees(line, look);
            if line.kind == LineKind::Options {
                lint.numeric.line(line, seen);
            } else if seen != lint.traits.all || look.has(Look::SPLITS.or(Look::MARK)) {
                lint.hidden_search = true;
            } else if line.words().next().is_some() {
                lint.search_line = Some(line.number);
            }
        }
        lint
    }

    /// Findings about the file as a whole.
    fn whole(&mut self, missing: bool, outcomes: &[Outcome]) {
        if missing {
            return self.push(0, Kind::MissingFile, b"", self.traits.all);
        }
        let without = Set::places(outcomes.len(), |at| {
            let lost = matches!(outcomes[at].trouble, Some(Trouble::Lost(_)));
            !lost && !outcomes[at].has_server
        });
        if !without.is_empty() {
            self.push(0, Kind::NoNameservers, b"", without);
        }
    }

    /// Finds what makes a reader fail. Attempts and times are reported with their options.
    fn troubles(&mut self, outcomes: &[Outcome]) {
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
    fn unused_search(&mut self, outcomes: &[Outcome]) {
        for (line, affected) in by_line(outcomes, |outcome| {
            outcome.search_unused.then_some(outcome.search_line)
        }) {
            self.push(line, Kind::SearchUnused, b"", affected);
        }
    }

    /// Finds lists that a later list replaces, if not all readers see the same lists.
    fn replaced_searches(&mut self, document: &'a Document, outcomes: &[Outcome]) {
        let last = by_line(outcomes, |outcome| {
            Some(outcome.search_line).filter(|line| *line > 0)
        });
        self.eaten = Set::default();
        let lists = [LineKind::Search, LineKind::Domain];
        for line in document.lines_of(|kind| lists.contains(&kind)) {
            if line.words().next().is_none() {
                continue;
            }
            let seen = self.who_sees(line, Look::of(line.raw));
            for (last, readers) in &last {
                let affected = readers.and(self.traits.last_search).and(seen);
                if line.number < *last && !affected.is_empty() {
                    self.push_number(line.number, Kind::SearchReplaced, b"", *last, affected);
                }
            }
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
