//! The first bytes of an executable file, read as the kernel reads them. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The kind of a file, by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Elf(Elf),
    Script {
        interpreter: PathBuf,
        ends_in_return: bool,
    },
    Unknown,
}

/// A program or shared object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elf {
    /// `e_machine`.
    pub(super) machine: u16,
    is_big_endian: bool,
    /// The loader, if the file names one and it lies in the bytes that were read.
    pub(super) loader: Option<PathBuf>,
}

/// Bytes of a first line that the kernel reads.
const FIRST_LINE: usize = 256;

/// `PT_INTERP`: the program header of the loader's path.
const INTERPRETER: u32 = 3;

/// Offsets of `Elf32_Ehdr` and `Elf64_Ehdr`, `Elf32_Phdr` and `Elf64_Phdr` of elf(5).
struct Layout {
    wide: bool,
    header_offset: usize,
    header_size: usize,
    header_count: usize,
    segment_offset: usize,
    segment_size: usize,
}

const NARROW: Layout = Layout {
    wide: false,
    header_offset: 28,
    header_size: 42,
    header_count: 44,
    segment_offset: 4,
    segment_size: 16,
};

const WIDE: Layout = Layout {
    wide: true,
    header_offset: 32,
    header_size: 54,
    header_count: 56,
    segment_offset: 8,
    segment_size: 32,
};

/// Reads the first bytes of a file.
pub(super) fn parse(bytes: &[u8]) -> Header {
    match bytes {
        [b'#', b'!', line @ ..] => script(line),
        [0x7f, b'E', b'L', b'F', class, order, ..] => {
            let layout = match class {
                1 => NARROW,
                2 => WIDE,
                _ => return Header::Unknown,
            };
            let bytes = Bytes {
                bytes,
                is_big_endian: *order == 2,
            };
            bytes.elf(&layout).map_or(Header::Unknown, Header::Elf)
        }
        _ => Header::Unknown,
    }
}

fn script(line: &[u8]) -> Header {
    let line = &line[..line.len().min(FIRST_LINE - 2)];
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = line.split(is_blank).filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return Header::Unknown;
    };
    Header::Script {
        interpreter: Path::new(OsStr::from_bytes(first)).to_owned(),
        // If there is an argument, the carriage return belongs to it, and the kernel finds the
        // program.
        ends_in_return: first.ends_with(b"\r"),
    }
}

/// The bytes of an ELF file, in its own order.
struct Bytes<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

impl Bytes<'_> {
    fn number<const N: usize>(&self, at: usize) -> Option<u64> {
        let part: [u8; N] = self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()?;
        let fold = |number: u64, byte: u8| number << 8 | u64::from(byte);
        Some(match self.is_big_endian {
            true => part.into_iter().fold(0, fold),
            false => part.into_iter().rev().fold(0, fold),
        })
    }

    /// A number as wide as an address.
    fn word(&self, layout: &Layout, at: usize) -> Option<usize> {
        let number = match layout.wide {
            true => self.number::<8>(at),
            false => self.number::<4>(at),
        };
        usize::try_from(number?).ok()
    }

    fn elf(&self, layout: &Layout) -> Option<Elf> {
        Some(Elf {
            machine: u16::try_from(self.number::<2>(18)?).ok()?,
            is_big_endian: self.is_big_endian,
            loader: self.loader(layout),
        })
    }

    fn loader(&self, layout: &Layout) -> Option<PathBuf> {
        let begin = self.word(layout, layout.header_offset)?;
        let size = usize::try_from(self.number::<2>(layout.header_size)?).ok()?;
        let count = usize::try_from(self.number::<2>(layout.header_count)?).ok()?;
        let at = |place: usize| begin.checked_add(place.checked_mul(size)?);
        let is_loader = |at: &usize| self.number::<4>(*at) == Some(u64::from(INTERPRETER));
        let found = (0..count).filter_map(at).find(is_loader)?;
        let offset = self.word(layout, found.checked_add(layout.segment_offset)?)?;
        let length = self.word(layout, found.checked_add(layout.segment_size)?)?;
        let path = self.bytes.get(offset..offset.checked_add(length)?)?;
        let path = path.split(|byte| *byte == 0).next()?;
        Some(PathBuf::from(OsStr::from_bytes(path)))
    }
}

/// The machines, by `e_machine`, whose programs a kernel of this architecture runs. Empty if this
/// crate does not know.
fn native_machines() -> &'static [u16] {
    match std::env::consts::ARCH {
        "x86_64" | "x86" => &[62, 3],
        "aarch64" | "arm" => &[183, 40],
        "riscv64" | "riscv32" => &[243],
        "powerpc64" | "powerpc" => &[21, 20],
        "s390x" => &[22],
        "loongarch64" => &[258],
        "mips" | "mips64" => &[8],
        _ => &[],
    }
}

impl Elf {
    /// Whether this machine can run it without an emulator.
    pub(super) fn is_native(&self) -> bool {
        let native = native_machines();
        let order = self.is_big_endian == cfg!(target_endian = "big");
        // POWER runs both orders of bytes.
        let is_free = matches!(self.machine, 20 | 21);
        native.is_empty() || (native.contains(&self.machine) && (order || is_free))
    }

    /// The machine's usual name.
    pub(super) fn machine_name(&self) -> String {
        let name = match self.machine {
            3 => "i386",
            8 => "mips",
            20 => "powerpc",
            21 => "powerpc64",
            22 => "s390x",
            40 => "arm",
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv",
            258 => "loongarch",
            other => return format!("ELF machine {other}"),
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let script = |path: &str, ends_in_return: bool| Header::Script {
            interpreter: path.into(),
            ends_in_return,
        };
        for (text, want) in [
            ("#!/bin/sh\nexit\n", script("/bin/sh", false)),
            ("#! \t/bin/sh -e\n", script("/bin/sh", false)),
            ("#!/bin/sh", script("/bin/sh", false)),
            ("#!/bin/sh\r\nexit\r\n", script("/bin/sh\r", true)),
            ("#!/bin/sh -e\r\n", script("/bin/sh", false)),
            ("#!\n", Header::Unknown),
            ("#!", Header::Unknown),
            ("echo\n", Header::Unknown),
            ("", Header::Unknown),
        ] {
            assert_eq!(parse(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn this_very_program_is_native_and_has_its_loader() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let Header::Elf(elf) = parse(&bytes) else {
            panic!("a test is a program");
        };
        assert!(elf.is_native());
        if let Some(loader) = &elf.loader {
            assert!(loader.exists(), "{loader:?}");
        }
        // A machine number that does not exist has no name and is never native.
        let mut other = bytes;
        other[18..20].copy_from_slice(&[0xfe, 0xfe]);
        let Header::Elf(elf) = parse(&other) else {
            panic!("still an ELF file");
        };
        assert!(!elf.is_native());
        assert_eq!(elf.machine_name(), "ELF machine 65278");
    }

    #[test]
    fn no_cut_breaks_it() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in 0..600 {
            let _ = parse(&bytes[..length]);
        }
        let mut wild = bytes[..600].to_vec();
        for place in 16..64 {
            wild[place] = 0xff;
            let _ = parse(&wild);
        }
    }
}
