//! Two things of an ELF file: the name of its loader, a kernel module's `.modinfo`.

/// The loader that a dynamically linked program names.
pub(crate) fn interpreter(bytes: &[u8]) -> Option<String> {
    const INTERP: u32 = 3;
    let table = Table::new(bytes, 32, 54)?;
    let header = table.rows().find(|row| u32_at(row, 0) == Some(INTERP))?;
    let text = slice(bytes, u64_at(header, 8)?, u64_at(header, 32)?)?;
    Some(String::from_utf8_lossy(text.strip_suffix(b"\0").unwrap_or(text)).into_owned())
}

/// The `key=value` strings of a module's `.modinfo`.
pub(crate) fn modinfo(bytes: &[u8]) -> Option<Vec<String>> {
    let table = Table::new(bytes, 40, 58)?;
    let names = table.rows().nth(usize::from(u16_at(bytes, 62)?))?;
    let names = section(bytes, names)?;
    let header = table.rows().find(|row| {
        let name = u32_at(row, 0).and_then(|start| names.get(start as usize..));
        name.is_some_and(|name| name.starts_with(b".modinfo\0"))
    })?;
    let strings = section(bytes, header)?
        .split(|byte| *byte == 0)
        .filter(|string| !string.is_empty());
    Some(
        strings
            .map(|string| String::from_utf8_lossy(string).into_owned())
            .collect(),
    )
}

/// The program or section header table of a 64-bit little-endian file.
struct Table<'a> {
    bytes: &'a [u8],
    start: usize,
    size: usize,
    count: usize,
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8], offset_at: usize, sizes_at: usize) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        Some(Self {
            bytes,
            start: usize::try_from(u64_at(bytes, offset_at)?).ok()?,
            size: u16_at(bytes, sizes_at)?.into(),
            count: u16_at(bytes, sizes_at + 2)?.into(),
        })
    }

    fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, start, size) = (self.bytes, self.start, self.size);
        (0..self.count).filter_map(move |row| {
            let start = start.checked_add(row.checked_mul(size)?)?;
            bytes.get(start..start.checked_add(size)?)
        })
    }
}

fn section<'a>(bytes: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    slice(bytes, u64_at(header, 24)?, u64_at(header, 32)?)
}

fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..at + 2)?
        .try_into()
        .ok()
        .map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..at + 8)?
        .try_into()
        .ok()
        .map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a section table: null, `.modinfo`, the names.
    fn module(modinfo: &[u8]) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let (info_at, names_at) = (64, 64 + modinfo.len());
        let table_at = names_at + names.len();
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[40..48].copy_from_slice(&(table_at as u64).to_le_bytes());
        bytes[58..60].copy_from_slice(&64u16.to_le_bytes());
        bytes[60..62].copy_from_slice(&3u16.to_le_bytes());
        bytes[62..64].copy_from_slice(&2u16.to_le_bytes());
        bytes.extend(modinfo);
        bytes.extend(names);
        for (name, start, length) in [
            (0, 0, 0),
            (1u32, info_at, modinfo.len()),
            (10, names_at, names.len()),
        ] {
            let mut header = [0; 64];
            header[0..4].copy_from_slice(&name.to_le_bytes());
            header[24..32].copy_from_slice(&(start as u64).to_le_bytes());
            header[32..40].copy_from_slice(&(length as u64).to_le_bytes());
            bytes.extend(header);
        }
        bytes
    }

    #[test]
    fn modinfo_strings() {
        let bytes = module(b"alias=fs-overlay\0\0depends=\0name=overlay\0");
        let wanted = ["alias=fs-overlay", "depends=", "name=overlay"].map(str::to_owned);
        assert_eq!(modinfo(&bytes), Some(wanted.to_vec()));
    }

    #[test]
    fn a_file_cut_anywhere_is_no_panic() {
        let bytes = module(b"name=x\0");
        for length in 0..bytes.len() {
            let _ = modinfo(&bytes[..length]);
            let _ = interpreter(&bytes[..length]);
        }
        assert_eq!(modinfo(b"#!/bin/sh"), None);
    }

    #[test]
    fn this_program_names_a_loader() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(interpreter(&own).unwrap().contains("ld-linux"));
    }
}
