//! The sockets on which somebody listens.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use mountscan::ProcRoot;

use crate::procfs::unread;
use crate::unread::Unread;

/// `__SO_ACCEPTCON`: the flag of a socket that listens.
const LISTENS: &[u8] = b"00010000";

/// The paths of the sockets in `/proc/net/unix` that listen, by the names that their owners used.
pub(super) fn listening(proc: &ProcRoot) -> Result<HashSet<PathBuf>, Unread> {
    // The kernel shows the sockets of our own network namespace only.
    let file = "net/unix";
    let text = proc.read(file);
    let text = text.map_err(|error| unread(&proc.shown(file), &error))?;
    Ok(parse(&text))
}

/// Parses lines of the form `Num: RefCount Protocol Flags Type St Inode Path`.
fn parse(text: &[u8]) -> HashSet<PathBuf> {
    let path = |line: &[u8]| {
        let mut fields = line.splitn(8, |&byte| byte == b' ');
        (fields.nth(3)? == LISTENS).then_some(())?;
        // The inode number is right-aligned, so blanks may stand in front of it.
        let rest: Vec<&[u8]> = fields.skip(2).collect();
        let rest = rest.join(&b' ');
        let rest = rest.trim_ascii_start();
        let path = &rest[rest.iter().position(|&byte| byte == b' ')? + 1..];
        // An abstract socket begins with `@`, and a relative name tells no place.
        let is_file = path.first() == Some(&b'/');
        is_file.then(|| PathBuf::from(OsString::from_vec(path.to_vec())))
    };
    text.split(|&byte| byte == b'\n').filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_on_which_somebody_listens_count() {
        let text = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0: 00000002 00000000 00010000 0001 01 23456 /run/docker.sock\n\
            0: 00000002 00000000 00010000 0001 01    56 /run/a b.sock\n\
            0: 00000002 00000000 00010000 0001 01 23457 @abstract\n\
            0: 00000003 00000000 00000000 0001 03 23458 /run/connected.sock\n\
            0: 00000003 00000000 00010000 0001 01 23459\n";
        let mut found: Vec<PathBuf> = parse(text).into_iter().collect();
        found.sort();
        assert_eq!(
            found,
            ["/run/a b.sock", "/run/docker.sock"].map(PathBuf::from)
        );
    }
}
