//! The findings so far. A limited number of each kind is listed; all are counted.

use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as Kind};
use crate::lint::groups::Set;
use crate::readers::Reader;

/// How many findings of one kind for the same readers are listed. Nobody reads more, and a file of
/// a megabyte can give half a million.
pub(crate) const MOST_OF_A_KIND: usize = 1000;

/// The findings so far.
pub(crate) struct Findings<'a> {
    readers: &'a [Reader],
    listed: Vec<Diagnostic<'a>>,
    /// For each kind: how often it was found, for each set of readers.
    counts: [Vec<Count>; Kind::COUNT],
}

struct Count {
    affected: Set,
    found: usize,
    listed: usize,
    /// The index of the last finding that is listed.
    last: usize,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(readers: &'a [Reader]) -> Self {
        Self {
            readers,
            listed: Vec::new(),
            counts: [const { Vec::new() }; Kind::COUNT],
        }
    }

    pub(crate) fn push(
        &mut self,
        line: usize,
        kind: Kind,
        subject: &'a [u8],
        number: usize,
        affected: Set,
    ) {
        let counts = &mut self.counts[kind as usize];
        let place = match counts.iter().position(|c| c.affected == affected) {
            Some(place) => place,
            None => {
                counts.push(Count {
                    affected,
                    found: 0,
                    listed: 0,
                    last: 0,
                });
                counts.len() - 1
            }
        };
        let count = &mut counts[place];
        count.found += 1;
        if count.listed == MOST_OF_A_KIND {
            return;
        }
        count.listed += 1;
        count.last = self.listed.len();
        self.listed.push(Diagnostic {
            line,
            kind,
            subject,
            number,
            more: 0,
            readers: self.readers,
            affected,
        });
    }

    /// Whether the only findings of this kind are about these readers, and enough are listed.
    pub(crate) fn is_full(&self, kind: Kind, affected: Set) -> bool {
        let full = |c: &Count| c.affected == affected && c.listed == MOST_OF_A_KIND;
        matches!(&self.counts[kind as usize][..], [count] if full(count))
    }

    /// Counts one more finding of a kind that has too many to list.
    pub(crate) fn count(&mut self, kind: Kind) {
        let counts = self.counts[kind as usize].iter_mut();
        if let Some(most) = counts.max_by_key(|count| count.found) {
            most.found += 1;
        }
    }

    /// The findings in the order of their lines. The last one of a kind has the number of those
    /// that are not listed.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic<'a>> {
        for count in self.counts.iter().flatten() {
            self.listed[count.last].more = count.found - count.listed;
        }
        self.listed.sort_by_key(|diagnostic| diagnostic.line);
        self.listed
    }
}
