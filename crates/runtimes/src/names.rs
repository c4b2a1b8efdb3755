//! Which names a runtime can have. Pure.

/// The names of the built-in runtimes. Both run `runc` from `PATH` through its shim.
pub const STOCK: [&str; 2] = ["io.containerd.runc.v2", "runc"];

/// The runtime used when neither the container nor the configuration names one.
pub const DEFAULT: &str = "runc";

/// Whether containerd could find a shim by this name. Such a name may be used without an entry.
///
/// moby's rule: not absolute, no slash, at least one dot, and something before the first.
pub fn is_permissible(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    !name.contains('/') && name.contains('.') && !first.is_empty()
}

/// The longest part of a name that a message repeats, in bytes.
const SHOWN: usize = 256;

/// A name for a message: quoted, with control characters escaped, and the end of a very long one
/// left out.
pub(crate) fn shown(name: &str) -> String {
    let begin = clipped(name);
    match begin.len() == name.len() {
        true => format!("{name:?}"),
        false => format!("{begin:?}…"),
    }
}

/// As much of a name as is shown.
pub(crate) fn clipped(name: &str) -> &str {
    let end = name.char_indices().find(|(at, _)| *at >= SHOWN);
    end.map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shown_in_part() {
        assert_eq!(shown("a\n"), r#""a\n""#);
        assert_eq!(shown(&"é".repeat(128)), format!("\"{}\"", "é".repeat(128)));
        assert_eq!(shown(&"é".repeat(129)), format!("\"{}\"…", "é".repeat(128)));
        assert_eq!(shown(&"a".repeat(1 << 20)).len(), 256 + 2 + "…".len());
    }
}
