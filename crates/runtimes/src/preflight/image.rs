//! Whether the kernel would know how to run a file.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::fault::PreflightFault;
use super::header::{self, Header};
use super::locate::executable;

/// How many bytes are read. The program headers and the loader's path are in the first page of
/// every usual program.
const HEAD: u64 = 4096;

/// The directory of the formats that an interpreter is registered for.
const FORMATS: &str = "/proc/sys/fs/binfmt_misc";

/// Checks the beginning of a file. A file that may be executed and not read passes.
pub(super) fn check(path: &Path) -> Result<(), PreflightFault> {
    let Some(head) = head(path) else {
        return Ok(());
    };
    if head.is_empty() {
        return Err(PreflightFault::Empty);
    }
    match header::parse(&head) {
        // The kernel takes the carriage return as a part of the interpreter's name, and execve(2)
        // then gives ENOENT about a script that is there.
        Header::Script {
            ends_in_return: true,
            ..
        } => Err(PreflightFault::CarriageReturn),
        Header::Script { interpreter, .. } => interpreter_runs(&interpreter),
        Header::Elf(elf) if elf.is_native() => elf
            .loader
            .map_or(Ok(()), |loader| interpreter_runs(&loader)),
        _ if is_registered(path, &head) => Ok(()),
        Header::Elf(elf) => Err(PreflightFault::OtherMachine {
            machine: elf.machine_name(),
        }),
        Header::Unknown => Err(PreflightFault::NotAProgram),
    }
}

fn head(path: &Path) -> Option<Vec<u8>> {
    // The path may have become a FIFO or a terminal since it was checked.
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(path);
    let mut head = Vec::new();
    file.ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// A relative interpreter is looked for in the directory of whoever starts the script.
fn interpreter_runs(interpreter: &Path) -> Result<(), PreflightFault> {
    if interpreter.is_absolute() && executable(interpreter).is_ok() {
        return Ok(());
    }
    Err(PreflightFault::Interpreter {
        path: interpreter.to_owned(),
    })
}

/// Whether binfmt_misc has an interpreter for this file. qemu, for example, registers itself for
/// programs of other machines. If that cannot be read, the answer is yes.
fn is_registered(path: &Path, head: &[u8]) -> bool {
    let Ok(entries) = fs::read_dir(FORMATS) else {
        return false;
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
