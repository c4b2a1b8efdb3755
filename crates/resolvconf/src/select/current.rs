//! Looks at the files and chooses one, in one step.

use crate::select::choice::{Current, select};
use crate::select::find::{SelectOptions, find};

/// Looks at the files, chooses one and returns it with its content.
///
/// The choice was based on this content. Nothing is kept for the next call. A file that cannot be
/// read is an answer, not an error.
///
/// # Examples
///
/// ```
/// use resolvconf::{SelectOptions, current};
///
/// let current = current(&SelectOptions::new());
/// println!("{} lines", current.document.lines().len());
/// ```
pub fn current(options: &SelectOptions) -> Current {
    select(&find(options))
}
