//! Merges what threads repeat of their process. Pure.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::holders::processes::member::Member;

/// What has been found of processes, to merge what their threads repeat.
///
/// Without kcmp(2) nobody knows whether a thread shares its directories and descriptors with its
/// process. So each thread is looked at. What is equal then counts once.
#[derive(Debug)]
pub(crate) struct Repeats<T>(HashMap<u32, HashSet<T>>);

impl<T: Hash + Eq> Repeats<T> {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Removes from `found` what a thread may have from its process. The process must come first.
    /// `key` gives what two findings have in common if they are equal.
    pub(crate) fn merge<R>(&mut self, member: &Member, found: &mut Vec<R>, key: impl Fn(&R) -> T) {
        if found.is_empty() {
            return;
        }
        let known = self.0.entry(member.pid).or_default();
        // All of what is surely its own stays, but its threads may repeat it.
        let is_sure = !member.may_repeat();
        found.retain(|one| known.insert(key(one)) || is_sure);
    }
}
