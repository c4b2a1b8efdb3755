//! What is known about the moment that a table shows.

/// What is known about the moment, or moments, that a table shows.
///
/// Each promise is checked under storms of changes (`tests/mountscan/storm.rs`). Two things may
/// always be of another moment than the rest: options and propagation tags, and paths after a
/// rename of a directory above, since the kernel tells of neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// The mounts shown are those of one moment, and so is which of them lies on which.
    OneMoment,
    /// Every mount that was there during the whole reading is shown, exactly once. Mounts that came
    /// or went meanwhile may be shown or not. Among the mounts that stayed where they were, which
    /// lies on which is right.
    EveryStableMount,
    /// Every mount that was there during the whole reading is shown, exactly once. Two rows
    /// contradict each other in where they lie, and the table never rested long enough to settle
    /// it: which of the mounts at one place is on top is not known.
    OrderUnknown,
    /// A kernel before 5.8 kept changing its table: a mount may be missing.
    MayMissMounts,
    /// The text came from the caller: nothing is known.
    Unknown,
}
