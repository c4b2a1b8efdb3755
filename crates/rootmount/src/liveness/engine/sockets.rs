//! Finds a socket of an engine that somebody listens on, in the list of Unix sockets. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

/// The flag `__SO_ACCEPTCON` as `/proc/net/unix` has it: somebody listens.
const LISTENS: &[u8] = b"00010000";

/// The first socket of an engine with this exec root that somebody listens on.
pub(super) fn listened<'l>(list: &'l [u8], exec_root: &Path) -> Option<&'l Path> {
    let mut beside = exec_root.as_os_str().to_os_string();
    beside.push(".sock");
    let lines = list.split(|&byte| byte == b'\n');
    let mut paths = lines.filter_map(listened_path);
    paths.find(|path| {
        *path == Path::new(&beside)
            || path
                .strip_prefix(exec_root)
                .is_ok_and(|below| !outlives(below))
    })
}

/// The path of a line, if somebody listens there. It may hold blanks.
fn listened_path(line: &[u8]) -> Option<&Path> {
    let mut rest = line;
    let mut flags: &[u8] = b"";
    // Num, RefCount, Protocol, Flags, Type, St, Inode; the list pads them with blanks.
    for field in 0..7 {
        let (word, tail) = split_word(rest)?;
        rest = tail;
        if field == 3 {
            flags = word;
        }
    }
    let path = rest.strip_prefix(b" ")?;
    (flags == LISTENS && path.starts_with(b"/")).then(|| Path::new(OsStr::from_bytes(path)))
}

fn split_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let begin = text.iter().position(|&byte| byte != b' ')?;
    let text = &text[begin..];
    let end = text
        .iter()
        .position(|&byte| byte == b' ')
        .unwrap_or(text.len());
    Some(text.split_at(end))
}

/// Whether the socket may outlive the engine. The sockets of shims, sandboxes and plugins live
/// as long as their containers.
fn outlives(below: &Path) -> bool {
    let names = below.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.as_bytes()),
        _ => None,
    });
    let of_containers = |name: &[u8]| {
        name == b"s" || name == b"plugins" || name == b"shim.sock" || name.starts_with(b"runtime-")
    };
    names.into_iter().any(of_containers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(flags: &str, path: &str, is_found: bool) {
        let list = format!(
            "Num       RefCount Protocol Flags    Type St Inode Path\n\
             0000000000000000: 00000002 00000000 00000000 0001 03    17\n\
             0000000000000000: 00000002 00000000 {flags} 0001 01 23456 {path}\n"
        );
        let root = Path::new("/run/my engine/s");
        let found = listened(list.as_bytes(), root);
        assert_eq!(found, is_found.then_some(Path::new(path)), "{path}");
    }

    #[test]
    fn a_socket_counts_if_somebody_listens_who_is_the_engine() {
        check("00010000", "/run/my engine/s.sock", true);
        check("00010000", "/run/my engine/s/libnetwork/a b.sock", true);
        check("00000000", "/run/my engine/s.sock", false);
        check("00010000", "/run/my engine/s2.sock", false);
        check("00010000", "/run/my engine/s/s/0a1b", false);
        check("00010000", "/run/my engine/s/plugins/0a1b/x.sock", false);
        check(
            "00010000",
            "/run/my engine/s/runtime-runc/moby/r.sock",
            false,
        );
        check("00010000", "@/run/my engine/s.sock", false);
    }
}
