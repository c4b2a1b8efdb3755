//! Writes numbers of things in words.

/// Such as `1 mount`, `3 mounts`: the number, and the form of the word that fits it.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!(count(0, "mount", "mounts"), "0 mounts");
        assert_eq!(count(1, "mount", "mounts"), "1 mount");
        assert_eq!(count(2, "mount", "mounts"), "2 mounts");
    }
}
