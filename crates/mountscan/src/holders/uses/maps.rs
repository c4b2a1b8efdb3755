//! Finds mapped files in the text of `/proc/PID/maps`. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::ids::Device;

/// A file that is mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped<'t> {
    /// Device of the file, as `stat` gives it.
    pub(crate) device: Device,
    /// Its path as the text has it, seen from the reader's root directory. A newline in it is
    /// written `\012`.
    pub(crate) path: &'t Path,
}

/// The files in a text, one after the other. If several mappings of one file follow each other, it
/// counts once.
pub(crate) fn mapped_files(text: &[u8]) -> impl Iterator<Item = Mapped<'_>> {
    let mut last = None;
    text.split(|&byte| byte == b'\n')
        .filter_map(mapped)
        .filter(move |file| {
            let is_new = last.as_ref() != Some(file);
            last = Some(file.clone());
            is_new
        })
}

/// Parses `address perms offset device inode path`. Blanks before the path align it.
fn mapped(line: &[u8]) -> Option<Mapped<'_>> {
    let mut fields = line.splitn(6, |&byte| byte == b' ').skip(3);
    let device = device(fields.next()?)?;
    let inode = fields.next()?;
    let path = fields.next()?.trim_ascii_start();
    // Memory that belongs to no file has no inode.
    (inode != b"0" && path.starts_with(b"/")).then(|| Mapped {
        device,
        path: Path::new(OsStr::from_bytes(path)),
    })
}

/// Parses a device such as `08:01`, in hexadecimal.
fn device(text: &[u8]) -> Option<Device> {
    let (major, minor) = std::str::from_utf8(text).ok()?.split_once(':')?;
    Some(Device {
        major: u32::from_str_radix(major, 16).ok()?,
        minor: u32::from_str_radix(minor, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_memory_is_not() {
        let text = b"55d0-55d2 r--p 00000000 00:2d 11 /usr/bin/my app\n\
            55d2-55d4 r-xp 00002000 00:2d 11                         /usr/bin/my app\n\
            7ffc-7ffd rw-p 00000000 00:00 0                          [stack]\n\
            7ff0-7ff1 r--p 00000000 fe:1a 12                         /lib/c.so (deleted)\n";
        let files: Vec<_> = mapped_files(text)
            .map(|f| (f.device.major, f.device.minor, f.path))
            .collect();
        assert_eq!(
            files,
            [
                (0, 0x2d, Path::new("/usr/bin/my app")),
                (0xfe, 0x1a, Path::new("/lib/c.so (deleted)")),
            ]
        );
        assert_eq!(mapped_files(b"junk\n\n 1 2 3").count(), 0);
    }
}
