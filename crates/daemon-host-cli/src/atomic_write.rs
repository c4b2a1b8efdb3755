//! Puts a text where another program reads it: the old file or the new, never half.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use nix::fcntl::{Flock, FlockArg, OFlag};

/// Puts `text` at `path`, readable for all: a collector runs as a user of its own.
///
/// A reader sees the old file or the whole new one, whenever this process is killed. What
/// a killed one leaves, a temporary file beside it, is taken over by the next.
///
/// # Errors
///
/// When the directory cannot be written; the old file is as it was.
pub(crate) fn publish(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.file_name().context("the output file has no name")?;
    // Hidden, and not *.prom: a collector must not read it.
    let mut temp = std::ffi::OsString::from(".");
    temp.push(name);
    temp.push(".tmp");
    let temp = path.with_file_name(temp);
    replace(path, &temp, text).with_context(|| format!("write {}", path.display()))
}

fn replace(path: &Path, temp: &Path, text: &str) -> io::Result<()> {
    let mut file = own(temp)?;
    file.set_len(0)?;
    let written = (|| {
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(temp, path)
    })();
    if written.is_err() {
        // What was written of it is only in the way.
        let _ = fs::remove_file(temp);
    }
    written
}

/// The temporary file, locked: of two writers at a time the second waits for the first,
/// whose rename takes the file away, and makes another.
fn own(temp: &Path) -> io::Result<Flock<File>> {
    loop {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(temp)?;
        let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        let (own, named) = (file.metadata()?, fs::symlink_metadata(temp));
        if named.is_ok_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino())) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.prom");
        publish(&path, "old").unwrap();
        publish(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        assert!(publish(&dir.path().join("missing/d.prom"), "x").is_err());
        let directory = dir.path().join("taken");
        fs::create_dir(&directory).unwrap();
        assert!(publish(&directory, "x").is_err());
        assert_eq!(names(dir.path()), 2);
    }

    #[test]
    fn what_a_killed_writer_left_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.prom");
        fs::write(dir.path().join(".d.prom.tmp"), "half of something longer").unwrap();
        publish(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(dir.path()), 1);
    }

    #[test]
    fn many_writers_leave_one_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.prom");
        std::thread::scope(|scope| {
            for writer in 0..8_usize {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        publish(path, &writer.to_string().repeat(1 + 1000 * writer)).unwrap();
                        let text = fs::read_to_string(path).unwrap();
                        let by: usize = text[..1].parse().unwrap();
                        assert_eq!(text, by.to_string().repeat(1 + 1000 * by));
                    }
                });
            }
        });
        assert_eq!(names(dir.path()), 1);
    }
}
