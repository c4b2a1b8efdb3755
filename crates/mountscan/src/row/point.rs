//! Compares paths of mount points as bytes: their order, and what lies below what. Pure.
//!
//! Paths are compared by component, so that everything below a path stands together. `/` comes
//! before every other byte, and the end of a path comes before `/`. So `/a`, `/a/b`, `/a/c` stand
//! before `/a-b`.

use std::cmp::Ordering;

/// Compares two paths in component order.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let same = common_prefix(a, b);
    symbol(a.get(same)).cmp(&symbol(b.get(same)))
}

/// Whether `path` is `top` or lies below it.
pub(crate) fn is_at_or_below(path: &[u8], top: &[u8]) -> bool {
    match path.strip_prefix(top) {
        Some(rest) => rest.is_empty() || rest[0] == b'/' || top == b"/",
        None => false,
    }
}

/// The place of a byte, or of the end, in the order of paths.
pub(crate) fn symbol(byte: Option<&u8>) -> u64 {
    match byte {
        None => 0,
        Some(b'/') => 1,
        Some(&byte) => u64::from(byte) + 2,
    }
}

/// How many bytes two paths share from the start.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    // Large steps come first, because the compiler's comparison of slices is fast.
    for step in [512, 8] {
        let chunks = a[same..]
            .chunks_exact(step)
            .zip(b[same..].chunks_exact(step));
        same += step * chunks.take_while(|(a, b)| a == b).count();
    }
    same + a[same..]
        .iter()
        .zip(&b[same..])
        .take_while(|(a, b)| a == b)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_by_component() {
        assert!(
            is_at_or_below(b"/a/b", b"/a")
                && is_at_or_below(b"/a", b"/a")
                && is_at_or_below(b"/a", b"/")
        );
        assert!(!is_at_or_below(b"/ab", b"/a") && !is_at_or_below(b"/", b"/a"));
    }
}
