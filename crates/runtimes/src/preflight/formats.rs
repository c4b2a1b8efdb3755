//! Whether an interpreter is registered for a file, as binfmt_misc keeps them.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The directory of the formats that an interpreter is registered for.
const FORMATS: &str = "/proc/sys/fs/binfmt_misc";

/// Whether binfmt_misc has an interpreter for this file. qemu, for example, registers itself for
/// programs of other machines. If that cannot be read, the answer is yes. If it is not there,
/// nothing is registered.
pub(super) fn is_registered(path: &Path, head: &[u8]) -> bool {
    let entries = match fs::read_dir(FORMATS) {
        Ok(entries) => entries,
        Err(error) => return error.kind() != ErrorKind::NotFound,
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        // `register` is for writing only, and `status` describes no format.
        let is_format = name != "register" && name != "status";
        is_format
            && fs::read_to_string(entry.path()).map_or(true, |text| matches(&text, path, head))
    })
}

/// Whether the text of a registered format is that of this file.
fn matches(text: &str, path: &Path, head: &[u8]) -> bool {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    if text.lines().next() != Some("enabled") {
        return false;
    }
    if let Some(extension) = field("extension .") {
        return path
            .extension()
            .is_some_and(|found| found.as_bytes() == extension.as_bytes());
    }
    let offset: usize = field("offset ")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let Some(magic) = field("magic ").and_then(unhex) else {
        return true;
    };
    let mask = field("mask ")
        .and_then(unhex)
        // The kernel shows no mask if none was registered. Then every bit counts.
        .unwrap_or_else(|| vec![0xff; magic.len()]);
    let Some(found) = head.get(offset..offset.saturating_add(magic.len())) else {
        return false;
    };
    let mut bytes = found.iter().zip(&magic).zip(&mask);
    bytes.all(|((found, magic), mask)| found & mask == magic & mask)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_formats() {
        let qemu = "enabled\ninterpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic 7f454c46ff\nmask ffffffff00\n";
        let path = Path::new("/x/app.EXE");
        assert!(matches(qemu, path, b"\x7fELF\x02..."));
        assert!(!matches(qemu, path, b"\x7fEL"));
        assert!(!matches(
            &qemu.replace("enabled", "disabled"),
            path,
            b"\x7fELF\x02"
        ));
        let wine = "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .EXE\n";
        assert!(matches(wine, path, b"MZ"));
        assert!(!matches(wine, Path::new("/x/app"), b"MZ"));
    }
}
