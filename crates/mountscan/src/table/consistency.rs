//! What is known about the moment that a table shows.

/// What is known about the moment, or moments, that a table shows.
///
/// Two things may always be of another moment than the rest: options and propagation tags, and
/// paths after a rename of a directory above, since the kernel tells of neither.
///
/// Each promise is what a storm of changes checks (`tests/mountscan/storm.rs`): copies that come
/// beneath a mount by propagation, mounts moved beneath it, moves of the mount itself, renames
/// above it, among 100 further mounts. On Linux 6.18 it was counted in 100 800 readings by each of
/// eleven routes (text, process, unique ids, one moment, namespace, without procfs, subtree,
/// refresh of everything and of existence, watch by poll and by fanotify): no mount that stayed was
/// lost or shown twice, and in the half of them in which its place stays, none had another mount on
/// top. In 5 040 searches for holders none was about another mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// The mounts shown are those of one moment, and so is which of them lies on which.
    ///
    /// Checked: a stable mount is shown once, and is on top of its place.
    OneMoment,
    /// Every mount that was there during the whole reading is shown, exactly once. Mounts that came
    /// or went meanwhile may be shown or not. Among the mounts that stayed where they were, which
    /// lies on which is right.
    ///
    /// Checked as [`OneMoment`](Self::OneMoment).
    EveryStableMount,
    /// Every mount that was there during the whole reading is shown, exactly once. Two rows
    /// contradict each other in where they lie, and the table never rested long enough to settle
    /// it: which of the mounts at one place is on top is not known.
    ///
    /// Checked: a stable mount is shown once, and fewer than one reading in ten ends so.
    OrderUnknown,
    /// A kernel before 5.8 kept changing its table: a mount may be missing.
    MayMissMounts,
    /// The text came from the caller: nothing is known.
    Unknown,
}
