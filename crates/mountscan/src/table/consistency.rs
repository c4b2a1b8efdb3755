//! What is known about the moment that a table shows.

/// What is known about the moment, or moments, that a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// All rows were there at one moment.
    OneMoment,
    /// Every mount that was there during the whole reading is shown, exactly once. A mount that came or went
    /// meanwhile may be shown or not.
    EveryStableMount,
    /// A kernel before 5.8 kept changing its table: a mount may be missing.
    MayMissMounts,
    /// The text came from the caller: nothing is known.
    Unknown,
}
