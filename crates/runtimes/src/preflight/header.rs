//! Which kind of program a file is, by its first bytes. Pure.

use super::elf::Elf;
use super::script::Script;

/// The kind of a file, by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Elf(Elf),
    /// It begins as a program does and ends within the header.
    Cut,
    Script(Script),
    Unknown,
}

/// Reads the first bytes of a file.
pub(super) fn parse(bytes: &[u8]) -> Header {
    match bytes {
        [b'#', b'!', line @ ..] => Script::parse(line).map_or(Header::Unknown, Header::Script),
        [0x7f, b'E', b'L', b'F', ..] => Elf::parse(bytes).map_or(Header::Cut, Header::Elf),
        _ => Header::Unknown,
    }
}
