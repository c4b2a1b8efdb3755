//! The unique ids of a table.

/// The never-reused ids of the mounts of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct UniqueIds {
    /// One for each row, ascending, if the route gives them; else empty.
    pub(crate) shown: Vec<u64>,
    /// The ids of mounts in scope that have no row, because no path leads to them. Ascending.
    pub(crate) hidden: Vec<u64>,
}

impl UniqueIds {
    /// Each of these mounts has a row.
    pub(crate) fn all_shown(shown: Vec<u64>) -> Self {
        Self {
            shown,
            hidden: Vec::new(),
        }
    }

    pub(crate) fn ascending(&self) -> Ascending<'_> {
        Ascending {
            ids: &self.shown,
            next: 0,
        }
    }
}

/// Looks up ascending ids in an ascending list, in one pass over it.
pub(crate) struct Ascending<'i> {
    ids: &'i [u64],
    next: usize,
}

impl Ascending<'_> {
    /// The place of `id`. It must be greater than the id of the call before.
    pub(crate) fn find(&mut self, id: u64) -> Option<usize> {
        while self.ids.get(self.next).is_some_and(|&held| held < id) {
            self.next += 1;
        }
        (self.ids.get(self.next) == Some(&id)).then_some(self.next)
    }
}
