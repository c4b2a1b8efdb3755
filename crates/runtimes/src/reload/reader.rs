//! A thread's own view of the table.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::table::Runtimes;

/// A thread's own view of a [`Registry`](crate::Registry).
///
/// It keeps the table that it gave out last. While there is no newer table, a look costs one
/// comparison. A reader that is not asked again keeps its last table in memory.
pub struct TableReader {
    cache: Cache<Arc<ArcSwap<Runtimes>>, Arc<Runtimes>>,
}

impl TableReader {
    pub(super) fn new(current: Arc<ArcSwap<Runtimes>>) -> Self {
        Self {
            cache: Cache::new(current),
        }
    }

    /// The current table.
    #[inline]
    pub fn load(&mut self) -> &Arc<Runtimes> {
        self.cache.load()
    }
}

impl Clone for TableReader {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
        }
    }
}

impl fmt::Debug for TableReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableReader").finish_non_exhaustive()
    }
}
