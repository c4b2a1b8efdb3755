//! Says what is known about the moment that a table shows.

/// What is known about the moment, or moments, that a table shows.
///
/// Two things may always be of another moment than the rest, because the kernel does not tell when
/// they change: options and propagation tags, and paths after a rename of a directory above.
///
/// A storm of changes checks each promise (`tests/mountscan/storm.rs`). Copies come beneath a mount
/// by propagation, mounts are moved beneath it, the mount itself is moved, and directories above it
/// are renamed, among 100 further mounts. On Linux 6.18 it was counted in 100 600 readings by each
/// of eleven routes: text, process, unique ids, one moment, namespace, without procfs, subtree,
/// refresh of everything and of existence, watch by poll and by fanotify. A process with unique ids
/// was counted in 75 000, without the storm of propagation. No mount that stayed was lost or shown
/// twice. In half of the readings its place stays: in none of these another mount was on top. In 5
/// 020 searches for holders none was about another mount. The same holds of 1 320 to 1 920 readings
/// on each of Linux 5.10, 6.1, 6.12, 6.18 and 7.3, in emulated machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Consistency {
    /// The shown mounts are those of one moment. So is which of them lies on which.
    ///
    /// Checked: a stable mount is shown once, and is on top of its place.
    OneMoment,
    /// Every mount that was there during the whole reading is shown, exactly once. Mounts that came
    /// or went meanwhile may be shown or not. Among the mounts that stayed in place, it is right
    /// which lies on which.
    ///
    /// Checked as [`OneMoment`](Self::OneMoment).
    EveryStableMount,
    /// Every mount that was there during the whole reading is shown, exactly once. But two rows
    /// contradict each other about where they lie, and the table kept changing. So it is not known
    /// which of the mounts at one place is on top.
    ///
    /// Checked: a stable mount is shown once, and fewer than one reading in ten has this result.
    OrderUnknown,
    /// The kernel is older than 5.8 and kept changing its table. A mount may be missing.
    MayMissMounts,
    /// The text came from the caller, so nothing is known.
    Unknown,
}
