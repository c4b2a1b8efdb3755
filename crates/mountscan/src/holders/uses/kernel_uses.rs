//! Finds the files that the kernel itself keeps open: under loop devices, and as swap.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::holders::report::KernelUse;
use crate::kernel::procfs::ProcDir;
use crate::row::escape::unescape;

/// The files that the kernel keeps open and for which `is_there` is true.
pub(crate) fn kernel_uses(
    proc: &ProcDir,
    sys: &Path,
    is_there: impl Fn(&Path) -> bool,
) -> Vec<KernelUse> {
    let loops = loop_devices(&sys.join("block")).into_iter();
    // A kernel without swap has no such file.
    let swaps = proc.read("swaps").unwrap_or_default();
    let swaps = swap_files(&swaps).into_iter();
    let all = loops.chain(swaps.map(|file| KernelUse::Swap { file }));
    all.filter(|what| match what {
        KernelUse::Loop { file, .. } | KernelUse::Swap { file } => is_there(file),
    })
    .collect()
}

fn loop_devices(block: &Path) -> Vec<KernelUse> {
    let entries = fs::read_dir(block).into_iter().flatten().flatten();
    let mut devices: Vec<KernelUse> = entries
        .filter_map(|entry| {
            let device = entry.file_name().into_string().ok()?;
            // A loop device without a backing file, or another device, has no such file.
            let mut file = fs::read(entry.path().join("loop/backing_file")).ok()?;
            if file.last() == Some(&b'\n') {
                file.pop();
            }
            let file = without_mark(file);
            Some(KernelUse::Loop { device, file })
        })
        .collect();
    // By length first, so that loop2 comes before loop10.
    devices.sort_by(|one, other| key(one).cmp(&key(other)));
    devices
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
        assert_eq!(found, [loops("loop2", "/a b"), loops("loop10", "/b")]);
    }
}
