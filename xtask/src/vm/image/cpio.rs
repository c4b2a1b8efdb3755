//! Writer of the newc cpio format, which is what the kernel unpacks.
//!
//! Thirteen hex fields, the name, the data, each padded to four bytes. The
//! kernel takes several archives one after another.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Component, Path};

const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;
const CHARACTER: u32 = 0o020_000;

/// An archive being written. Parent directories come by themselves.
pub(crate) struct Archive<W> {
    writer: W,
    inode: u32,
    made: BTreeSet<String>,
}

impl<W: Write> Archive<W> {
    /// Starts an archive.
    pub(crate) fn new(writer: W) -> Self {
        Self {
            writer,
            inode: 0,
            made: BTreeSet::new(),
        }
    }

    /// Adds a file, unless the archive has one of that name.
    pub(crate) fn file(&mut self, path: &str, permissions: u32, data: &[u8]) -> io::Result<()> {
        self.entry(path, REGULAR | permissions, (0, 0), data)
    }

    /// Adds a directory.
    pub(crate) fn directory(&mut self, path: &str) -> io::Result<()> {
        self.entry(path, DIRECTORY | 0o755, (0, 0), &[])
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.entry(path, SYMLINK | 0o777, (0, 0), target.as_bytes())
    }

    /// Adds a character device.
    pub(crate) fn device(
        &mut self,
        path: &str,
        permissions: u32,
        numbers: (u32, u32),
    ) -> io::Result<()> {
        self.entry(path, CHARACTER | permissions, numbers, &[])
    }

    /// Writes the end and gives the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.raw("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.writer)
    }

    fn entry(&mut self, path: &str, mode: u32, numbers: (u32, u32), data: &[u8]) -> io::Result<()> {
        let path = path.trim_start_matches('/');
        let parents: Vec<String> = Path::new(path)
            .ancestors()
            .skip(1)
            .filter(|parent| {
                parent
                    .components()
                    .any(|part| matches!(part, Component::Normal(_)))
            })
            .map(|parent| parent.display().to_string())
            .collect();
        for parent in parents.into_iter().rev() {
            if self.made.insert(parent.clone()) {
                self.raw(&parent, DIRECTORY | 0o755, (0, 0), &[])?;
            }
        }
        if self.made.insert(path.to_owned()) {
            self.raw(path, mode, numbers, data)?;
        }
        Ok(())
    }

    fn raw(&mut self, name: &str, mode: u32, numbers: (u32, u32), data: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let size = u32::try_from(data.len()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{name}: newc holds files up to 4 GiB"),
            )
        })?;
        let links = if mode & DIRECTORY != 0 { 2 } else { 1 };
        let length = name.len() as u32 + 1;
        let fields = [
            self.inode, mode, 0, 0, links, 0, size, 0, 0, numbers.0, numbers.1, length, 0,
        ];
        let mut header = String::from("070701");
        header.extend(fields.map(|field| format!("{field:08X}")));
        header.push_str(name);
        header.push('\0');
        self.writer.write_all(header.as_bytes())?;
        self.pad(header.len())?;
        self.writer.write_all(data)?;
        self.pad(data.len())
    }

    fn pad(&mut self, length: usize) -> io::Result<()> {
        self.writer.write_all(&[0; 3][..length.wrapping_neg() % 4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn archive() -> Vec<u8> {
        let mut archive = Archive::new(Vec::new());
        archive.file("/bin/a", 0o755, b"abc").unwrap();
        archive.file("bin/b", 0o644, b"").unwrap();
        archive.symlink("sbin/modprobe", "/init").unwrap();
        archive.device("dev/console", 0o600, (5, 1)).unwrap();
        archive.directory("proc").unwrap();
        archive
            .file("bin/a", 0o755, b"a second one is not added")
            .unwrap();
        archive.finish().unwrap()
    }

    #[test]
    fn bytes_of_one_entry() {
        let mut archive = Archive::new(Vec::new());
        archive.file("ab", 0o644, b"hello").unwrap();
        let bytes = archive.finish().unwrap();
        let wanted = concat!(
            "070701", "00000001", "000081A4", "00000000", "00000000", "00000001", "00000000",
            "00000005", "00000000", "00000000", "00000000", "00000000", "00000003", "00000000",
        );
        assert_eq!(&bytes[..110], wanted.as_bytes());
        assert_eq!(&bytes[110..116], b"ab\0\0\0\0".get(..6).unwrap());
        assert_eq!(&bytes[116..124], b"hello\0\0\0");
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn parents_come_once_and_before_their_children() {
        let text = String::from_utf8_lossy(&archive()).into_owned();
        assert_eq!(text.matches("bin/a\0").count(), 1);
        assert!(text.find("bin\0").unwrap() < text.find("bin/a\0").unwrap());
        assert!(text.contains("TRAILER!!!"));
    }

    #[test]
    fn cpio_reads_it_where_there_is_one() {
        let Ok(mut child) = Command::new("cpio")
            .args(["--quiet", "-t"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        else {
            // Not every machine has cpio; the other tests check the bytes.
            return;
        };
        child.stdin.take().unwrap().write_all(&archive()).unwrap();
        let output = child.wait_with_output().unwrap();
        let names = String::from_utf8(output.stdout).unwrap();
        let wanted = [
            "bin",
            "bin/a",
            "bin/b",
            "sbin",
            "sbin/modprobe",
            "dev",
            "dev/console",
            "proc",
        ];
        assert_eq!(names.lines().collect::<Vec<_>>(), wanted);
    }
}
