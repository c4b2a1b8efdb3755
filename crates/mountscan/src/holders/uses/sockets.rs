//! Finds bound Unix sockets in the text of `/proc/PID/net/unix`. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The sockets of a text that are bound to files, as inode number and path. A relative path was
/// resolved in the working directory of whoever bound it.
pub(crate) fn bound(text: &[u8]) -> impl Iterator<Item = (u64, &Path)> {
    text.split(|&byte| byte == b'\n').filter_map(socket)
}

/// Parses `address: count protocol flags type state inode path`.
fn socket(line: &[u8]) -> Option<(u64, &Path)> {
    // The fields are padded with blanks. After the inode comes one blank, and the rest is the path.
    let mut at = 0;
    let mut inode: &[u8] = b"";
    for _ in 0..7 {
        at += line[at..].iter().position(|&byte| byte != b' ')?;
        let length = line[at..].iter().position(|&byte| byte == b' ')?;
        inode = &line[at..at + length];
        at += length;
    }
    let path = line.get(at + 1..)?;
    let inode = std::str::from_utf8(inode).ok()?.parse().ok()?;
    // Names in the abstract namespace begin with `@` here, and belong to no file.
    let is_file = !path.is_empty() && !path.starts_with(b"@");
    is_file.then(|| (inode, Path::new(OsStr::from_bytes(path))))
}

/// The number in `socket:[4711]`.
pub(crate) fn inode_of(link: &Path) -> Option<u64> {
    let text = link.as_os_str().to_str()?;
    text.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_sockets_are_found_and_others_are_not() {
        let text = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 18 private/my app\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 18211 /run/my app.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03  9 @abstract\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 21000\n\
            0000000000000000: 00000003 00000000 00000000 0001 03    77 /a\n";
        let found: Vec<_> = bound(text).collect();
        let want = [
            (18, Path::new("private/my app")),
            (18211, Path::new("/run/my app.sock")),
            (77, Path::new("/a")),
        ];
        assert_eq!(found, want);
        assert_eq!(inode_of(Path::new("socket:[77]")), Some(77));
        assert_eq!(inode_of(Path::new("pipe:[77]")), None);
    }
}
