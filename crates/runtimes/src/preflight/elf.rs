//! The header of an ELF program, read as the kernel reads it. Pure.
//!
//! The offsets are those of `Elf32_Ehdr` and `Elf64_Ehdr`, `Elf32_Phdr` and `Elf64_Phdr` of
//! elf(5).

use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A program, an object or a core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elf {
    /// `e_machine`.
    machine: u16,
    /// `e_type`.
    kind: u16,
    is_big_endian: bool,
    layout: &'static Layout,
    segments_offset: u64,
    segment_size: u64,
    segment_count: u64,
}

/// Where the fields are that are read.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    is_wide: bool,
    header: usize,
    segments_offset: usize,
    segment_size: usize,
    segment_count: usize,
    /// Offset and length of a segment's bytes in the file, within its entry.
    offset: usize,
    length: usize,
    /// The only size of an entry that the kernel takes.
    entry: u64,
}

static NARROW: Layout = Layout {
    is_wide: false,
    header: 52,
    segments_offset: 28,
    segment_size: 42,
    segment_count: 44,
    offset: 4,
    length: 16,
    entry: 32,
};

static WIDE: Layout = Layout {
    is_wide: true,
    header: 64,
    segments_offset: 32,
    segment_size: 54,
    segment_count: 56,
    offset: 8,
    length: 32,
    entry: 56,
};

/// `PT_LOAD`: the entry of bytes that the kernel maps.
const LOADED: u64 = 1;

/// `PT_INTERP`: the entry of the loader's path.
const INTERPRETER: u64 = 3;

/// The most bytes of entries that the kernel reads.
const MAX_SEGMENTS: u64 = 65536;

/// The longest path of a loader, with its NUL.
const MAX_PATH: u64 = 4096;

const X86_64: u16 = 62;

impl Elf {
    /// Reads the header; `None` if the bytes end before it does.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (class, order) = (bytes.get(4)?, bytes.get(5)?);
        let native = number(bytes.get(18..20)?, cfg!(target_endian = "big"));
        // The kernel goes by the machine alone. Class and order matter to other machines only.
        let is_native = native_machines()
            .iter()
            .any(|own| u64::from(*own) == native);
        let is_big_endian = match is_native {
            true => cfg!(target_endian = "big"),
            false => *order == 2,
        };
        let layout = match class {
            1 if native != u64::from(X86_64) => &NARROW,
            1 if bytes.get(42) == Some(&32) => &NARROW,
            _ => &WIDE,
        };
        let bytes = bytes.get(..layout.header)?;
        let number = |range: Range<usize>| number(&bytes[range], is_big_endian);
        let half = |at: usize| number(at..at + 2);
        Some(Self {
            machine: half(18) as u16,
            kind: half(16) as u16,
            is_big_endian,
            layout,
            segments_offset: layout.address(bytes, layout.segments_offset, is_big_endian)?,
            segment_size: half(layout.segment_size),
            segment_count: half(layout.segment_count),
        })
    }

    /// Whether this machine can run it without an emulator.
    pub(super) fn is_native(&self) -> bool {
        let native = native_machines();
        let order = self.is_big_endian == cfg!(target_endian = "big");
        // POWER runs both orders of bytes.
        let is_free = matches!(self.machine, 20 | 21);
        native.is_empty() || (native.contains(&self.machine) && (order || is_free))
    }

    /// Whether it is a program at all: `ET_EXEC` or `ET_DYN`, no object file and no core.
    pub(super) fn is_program(&self) -> bool {
        matches!(self.kind, 2 | 3)
    }

    /// Where its entries are, if the kernel would read them.
    pub(super) fn segments(&self) -> Option<Range<u64>> {
        let size = self.segment_size * self.segment_count;
        let is_sound = self.segment_size == self.layout.entry && (1..=MAX_SEGMENTS).contains(&size);
        let end = self.segments_offset.checked_add(size)?;
        is_sound.then_some(self.segments_offset..end)
    }

    /// Where the loader's path is, by the bytes of the entries. An error if the kernel would not
    /// read it.
    pub(super) fn loader(&self, segments: &[u8]) -> Result<Option<Range<u64>>, ()> {
        // Not the size that the file gives: only entries of this one are read at all.
        let size = usize::try_from(self.layout.entry).map_err(drop)?;
        let mut entries = segments.chunks_exact(size);
        let is_loader = |entry: &&[u8]| number(&entry[..4], self.is_big_endian) == INTERPRETER;
        let Some(entry) = entries.find(is_loader) else {
            return Ok(None);
        };
        let field = |at| self.layout.address(entry, at, self.is_big_endian).ok_or(());
        let (offset, length) = (field(self.layout.offset)?, field(self.layout.length)?);
        let end = offset.checked_add(length).ok_or(())?;
        match (2..=MAX_PATH).contains(&length) {
            true => Ok(Some(offset..end)),
            false => Err(()),
        }
    }

    /// Where the bytes end that the kernel maps, by the bytes of the entries. A program whose file
    /// ends in a page before starts, and dies of it.
    pub(super) fn loaded_end(&self, segments: &[u8]) -> u64 {
        let Ok(size) = usize::try_from(self.layout.entry) else {
            return 0;
        };
        let entries = segments.chunks_exact(size);
        let is_loaded = |entry: &&[u8]| number(&entry[..4], self.is_big_endian) == LOADED;
        let ends = entries.filter(is_loaded).filter_map(|entry| {
            let field = |at| self.layout.address(entry, at, self.is_big_endian);
            let (offset, length) = (field(self.layout.offset)?, field(self.layout.length)?);
            // An entry without bytes of the file is memory alone, wherever it points.
            (length > 0).then(|| offset.saturating_add(length))
        });
        ends.max().unwrap_or(0)
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

/// The path in these bytes, which must end in a NUL.
pub(super) fn path(bytes: &[u8]) -> Option<PathBuf> {
    let (0, _) = bytes.split_last()? else {
        return None;
    };
    let path = bytes.split(|byte| *byte == 0).next()?;
    Some(Path::new(OsStr::from_bytes(path)).to_owned())
}

impl Layout {
    /// A number as wide as an address.
    fn address(&self, bytes: &[u8], at: usize, is_big_endian: bool) -> Option<u64> {
        let size = if self.is_wide { 8 } else { 4 };
        Some(number(bytes.get(at..at + size)?, is_big_endian))
    }
}

fn number(bytes: &[u8], is_big_endian: bool) -> u64 {
    let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match is_big_endian {
        true => bytes.iter().fold(0, fold),
        false => bytes.iter().rev().fold(0, fold),
    }
}

/// The machines, by `e_machine`, whose programs a kernel of this architecture runs. Empty if this
/// crate does not know.
fn native_machines() -> &'static [u16] {
    match std::env::consts::ARCH {
        "x86_64" | "x86" => &[X86_64, 3],
        "aarch64" | "arm" => &[183, 40],
        "riscv64" | "riscv32" => &[243],
        "powerpc64" | "powerpc" => &[21, 20],
        "s390x" => &[22],
        "loongarch64" => &[258],
        "mips" | "mips64" => &[8],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of another machine with two entries, of which the second one names a loader.
    fn foreign(is_wide: bool, is_big_endian: bool) -> Vec<u8> {
        let layout = if is_wide { &WIDE } else { &NARROW };
        let mut bytes = vec![0; layout.header + 2 * layout.entry as usize];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x01");
        bytes[4] += u8::from(is_wide);
        bytes[5] += u8::from(is_big_endian);
        let second = layout.header + layout.entry as usize;
        for (at, size, value) in [
            (16, 2, 3),
            (18, 2, 83),
            (layout.segments_offset, 4, layout.header),
            (layout.segment_size, 2, layout.entry as usize),
            (layout.segment_count, 2, 2),
            (second, 4, 3),
            (second + layout.offset, 4, 1000),
            (second + layout.length, 4, 28),
        ] {
            for place in 0..size {
                let shift = 8 * place;
                let wide = if is_wide && size == 4 && at != second {
                    8
                } else {
                    size
                };
                let place = if is_big_endian {
                    wide - 1 - place
                } else {
                    place
                };
                bytes[at + place] = (value >> shift) as u8;
            }
        }
        bytes
    }

    #[test]
    fn headers_of_both_widths_and_orders() {
        for (is_wide, is_big_endian) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let bytes = foreign(is_wide, is_big_endian);
            let elf = Elf::parse(&bytes).unwrap();
            assert!(!elf.is_native() && elf.is_program(), "{elf:?}");
            assert_eq!(elf.machine_name(), "ELF machine 83");
            let segments = elf.segments().unwrap();
            assert_eq!(segments.end, bytes.len() as u64, "{elf:?}");
            let segments = &bytes[segments.start as usize..segments.end as usize];
            assert_eq!(elf.loader(segments), Ok(Some(1000..1028)), "{elf:?}");
            for length in 0..elf.layout.header {
                assert_eq!(Elf::parse(&bytes[..length]), None, "{length}");
            }
        }
    }

    #[test]
    fn what_the_kernel_refuses() {
        let change = |at: usize, value: u8| {
            let mut bytes = foreign(true, false);
            bytes[at] = value;
            Elf::parse(&bytes).unwrap()
        };
        let segments = |elf: &Elf, at: usize, value: u8| {
            let mut bytes = foreign(true, false)[64..].to_vec();
            bytes[at] = value;
            elf.loader(&bytes)
        };
        for kind in [0, 1, 4] {
            assert!(!change(16, kind).is_program(), "{kind}");
        }
        assert!(change(16, 2).is_program());
        assert_eq!(change(WIDE.segment_count, 0).segments(), None);
        assert_eq!(change(WIDE.segment_size, 32).segments(), None);
        assert_eq!(change(WIDE.segment_count + 1, 8).segments(), None);
        assert_eq!(
            change(WIDE.segments_offset + 7, 255).segments().map(drop),
            Some(())
        );
        let elf = change(16, 2);
        assert_eq!(segments(&elf, 56, 1), Ok(None));
        assert_eq!(segments(&elf, 56 + WIDE.length, 1), Err(()));
        assert_eq!(segments(&elf, 56 + WIDE.length + 1, 16), Err(()));
        assert_eq!(segments(&elf, 56 + WIDE.length + 7, 255), Err(()));
        assert_eq!(path(b"/lib/ld.so\0"), Some("/lib/ld.so".into()));
        assert_eq!(path(b"/lib/ld.so\0\0"), Some("/lib/ld.so".into()));
        assert_eq!((path(b"/lib/ld.so"), path(b"")), (None, None));
    }

    #[test]
    fn the_end_of_what_is_mapped() {
        let mut bytes = foreign(true, false);
        let elf = Elf::parse(&bytes).unwrap();
        let at = |entry: usize, field: usize| 64 + entry * 56 + field;
        // The second entry, a loader's path, is at 1000. It is not mapped by itself.
        assert_eq!(elf.loaded_end(&bytes[64..]), 0);
        bytes[at(0, 0)] = 1;
        bytes[at(0, WIDE.offset) + 1] = 2;
        assert_eq!(elf.loaded_end(&bytes[64..]), 0, "memory alone");
        bytes[at(0, WIDE.length)] = 7;
        assert_eq!(elf.loaded_end(&bytes[64..]), 512 + 7);
        bytes[at(0, WIDE.offset)..][..8].fill(0xff);
        assert_eq!(elf.loaded_end(&bytes[64..]), u64::MAX);
    }

    #[test]
    fn this_very_program_is_native() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::parse(&bytes).unwrap();
        assert!(elf.is_native() && elf.is_program());
        for length in 0..300 {
            let _ = Elf::parse(&bytes[..length]);
        }
        let mut wild = bytes[..300].to_vec();
        for place in 4..64 {
            wild[place] = 0xff;
            if let Some(elf) = Elf::parse(&wild) {
                let _ = (elf.segments(), elf.loader(&wild));
            }
        }
    }
}
