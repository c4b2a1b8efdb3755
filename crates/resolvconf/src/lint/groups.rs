//! Groups of readers that do the same.

use crate::lint::trace::Trace;
use crate::readers::Reader;

/// Names the effect for each reader, and puts readers with the same effect together: `glibc, musl:
/// …; go: …`. If all have the same effect, the result is only that effect. The readers are asked in
/// their order.
pub(crate) fn grouped<T: Named>(readers: &[T], effect: impl Fn(&T) -> String) -> String {
    let mut groups: Vec<(String, Vec<&'static str>)> = Vec::new();
    for reader in readers {
        let effect = effect(reader);
        match groups.iter_mut().find(|(known, _)| *known == effect) {
            Some((_, names)) => names.push(reader.name()),
            None => groups.push((effect, vec![reader.name()])),
        }
    }
    if groups.len() == 1 {
        return groups.remove(0).0;
    }
    let told = groups
        .iter()
        .map(|(effect, names)| format!("{}: {effect}", names.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

/// What has the name of a reader.
pub(crate) trait Named {
    fn name(&self) -> &'static str;
}

impl Named for Reader {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl Named for Trace<'_> {
    fn name(&self) -> &'static str {
        self.reader.name
    }
}

/// A set of readers. Each reader has one bit, in the order of the list of requested readers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Set(u64);

impl Set {
    /// Those of the first 64 readers for which the test is true.
    pub(crate) fn of(readers: &[Reader], holds: impl Fn(&Reader) -> bool) -> Self {
        Self::places(readers.len(), |at| holds(&readers[at]))
    }

    /// Those of the first 64 places for which the test is true.
    pub(crate) fn places(count: usize, holds: impl Fn(usize) -> bool) -> Self {
        let held = (0..count.min(64)).filter(|at| holds(*at));
        Self(held.fold(0, |set, at| set | 1 << at))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn has(self, at: usize) -> bool {
        at < 64 && self.0 & (1 << at) != 0
    }
}
