//! Writes numbers of things in words, and ids in short. Pure.

/// So many digits of an id are shown. `docker ps` and `podman ps` show as many.
const SHOWN: usize = 12;
/// The length of the ids of containers and layers.
const FULL: usize = 64;

/// Such as `1 mount`, `3 mounts`: the number, and the form of the word that fits it.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// The beginning of a full id. Other text stays as it is.
pub(crate) fn short_id(id: &str) -> &str {
    let is_full = id.len() == FULL && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_full { &id[..SHOWN] } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_ids_are_shortened() {
        assert_eq!(short_id(&"0a".repeat(32)), "0a0a0a0a0a0a");
        assert_eq!(short_id("web"), "web");
        assert_eq!(short_id(&"xy".repeat(32)), "xy".repeat(32));
        assert_eq!(short_id(&"0a".repeat(33)), "0a".repeat(33));
    }

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!(count(0, "mount", "mounts"), "0 mounts");
        assert_eq!(count(1, "mount", "mounts"), "1 mount");
        assert_eq!(count(2, "mount", "mounts"), "2 mounts");
    }
}
