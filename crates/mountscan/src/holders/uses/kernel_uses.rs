//! Finds the files that the kernel itself keeps open: under loop devices, and as swap.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::holders::report::KernelUse;
use crate::kernel::procfs::ProcDir;
use crate::row::escape::unescape;

/// What the kernel keeps open.
#[derive(Debug, Default)]
pub(crate) struct KernelUses {
    pub(crate) uses: Vec<KernelUse>,
    /// What could not be read. It may tell of further files.
    pub(crate) unread: Vec<PathBuf>,
}

/// The files that the kernel keeps open and for which `is_there` is true.
pub(crate) fn kernel_uses(
    proc: &ProcDir,
    sys: &Path,
    is_there: impl Fn(&Path) -> bool,
) -> KernelUses {
    let mut found = loop_devices(&sys.join("block"));
    match proc.read("swaps") {
        Ok(text) => {
            let files = swap_files(&text).into_iter();
            found
                .uses
                .extend(files.map(|file| KernelUse::Swap { file }));
        }
        // A kernel without swap has no such file.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(_) => found.unread.push(proc.shown("swaps")),
    }
    found.uses.retain(|what| match what {
        KernelUse::Loop { file, .. } | KernelUse::Swap { file } => is_there(file),
    });
    found
}

fn loop_devices(block: &Path) -> KernelUses {
    let mut found = KernelUses::default();
    let Ok(entries) = fs::read_dir(block) else {
        // Without sysfs nobody knows.
        found.unread.push(block.to_owned());
        return found;
    };
    for entry in entries {
        let Ok(entry) = entry else {
            found.unread.push(block.to_owned());
            continue;
        };
        let backing = entry.path().join("loop/backing_file");
        match fs::read(&backing) {
            Ok(mut file) => {
                if file.last() == Some(&b'\n') {
                    file.pop();
                }
                let device = entry.file_name().to_string_lossy().into_owned();
                let file = without_mark(file);
                found.uses.push(KernelUse::Loop { device, file });
            }
            Err(error) if is_none(&error) => {}
            Err(_) => found.unread.push(backing),
        }
    }
    // By length first, so that loop2 comes before loop10.
    found.uses.sort_by(|one, other| key(one).cmp(&key(other)));
    found
}

/// Whether an error says that there is no backing file: it is another device, a loop device without
/// a file, or one that has gone since.
fn is_none(error: &io::Error) -> bool {
    let gone = [libc::ENOENT, libc::ENOTDIR, libc::ENODEV, libc::ENXIO];
    error
        .raw_os_error()
        .is_some_and(|errno| gone.contains(&errno))
}

fn key(what: &KernelUse) -> (usize, &str) {
    match what {
        KernelUse::Loop { device, .. } => (device.len(), device),
        KernelUse::Swap { .. } => (0, ""),
    }
}

/// The files in the text of `/proc/swaps`: `Filename Type Size Used Priority`. The name is escaped
/// as in mountinfo.
fn swap_files(text: &[u8]) -> Vec<PathBuf> {
    let lines = text.split(|&byte| byte == b'\n').skip(1);
    lines
        .filter_map(|line| {
            let mut fields = line
                .split(|byte| matches!(byte, b' ' | b'\t'))
                .filter(|field| !field.is_empty());
            let name = fields.next()?;
            // A swap partition is a device. It is on no mount.
            (fields.next()? == b"file").then(|| without_mark(unescape(name).into_owned()))
        })
        .collect()
}

/// The path without the mark that the kernel adds if the file has been removed.
fn without_mark(mut path: Vec<u8>) -> PathBuf {
    for mark in [&b" (deleted)"[..], b"\\040(deleted)"] {
        if path.ends_with(mark) {
            path.truncate(path.len() - mark.len());
        }
    }
    OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::procfs::Proc;

    #[test]
    fn swap_files_are_found_and_swap_devices_are_not() {
        let text = b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
            /dev/dm-1                               partition\t8388604\t0\t-2\n\
            /srv/my\\040swap                        file\t\t1048572\t0\t-3\n";
        assert_eq!(swap_files(text), [PathBuf::from("/srv/my swap")]);
        assert!(swap_files(b"").is_empty());
    }

    #[test]
    fn loop_devices_are_read_from_sysfs() {
        let sys = tempfile::tempdir().expect("a temporary directory");
        for (device, file) in [("loop10", "/b (deleted)\n"), ("loop2", "/a b\n")] {
            let dir = sys.path().join("block").join(device).join("loop");
            fs::create_dir_all(&dir).expect("writable");
            fs::write(dir.join("backing_file"), file).expect("writable");
        }
        fs::create_dir_all(sys.path().join("block/loop3")).expect("writable");
        let found = loop_devices(&sys.path().join("block"));
        let loops = |device: &str, file: &str| KernelUse::Loop {
            device: device.into(),
            file: file.into(),
        };
        assert_eq!(found.uses, [loops("loop2", "/a b"), loops("loop10", "/b")]);
        assert!(found.unread.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let made = tempfile::tempdir().expect("a temporary directory");
        let proc = Proc::unchecked(made.path()).open().expect("it is there");
        let all = || kernel_uses(&proc, made.path(), |_| true);
        let block = made.path().join("block");
        assert_eq!(
            all().unread,
            std::slice::from_ref(&block),
            "no sysfs, and no swap"
        );
        let backing = block.join("loop3/loop/backing_file");
        fs::create_dir_all(&backing).expect("writable");
        fs::create_dir(made.path().join("swaps")).expect("writable");
        assert_eq!(all().unread, [backing, made.path().join("swaps")]);
    }
}
