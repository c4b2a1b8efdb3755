//! Says what a file looks like that is no mountinfo table. Pure.

use daemon_host::mountscan::{MountTable, Row};

/// The beginnings of packed files, and what packed them.
const PACKED: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b], "gzip data; unpack it first"),
    (b"\xfd7zXZ\0", "xz data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
];
/// The mark with which some editors begin a text in UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Names what people paste in place of a mountinfo table, by the beginning of the file.
pub(super) fn looks_like(head: &[u8]) -> &'static str {
    if let Some((_, said)) = PACKED.iter().find(|(begin, _)| head.starts_with(begin)) {
        return said;
    }
    if head.starts_with(&[0xff, 0xfe, 0, 0]) || head.starts_with(&[0, 0, 0xfe, 0xff]) {
        return "UTF-32 text; convert it to UTF-8 first";
    }
    if is_utf16(head) {
        return "UTF-16 text; convert it to UTF-8 first";
    }
    if head.contains(&0) {
        return "binary data; it is not a mountinfo table";
    }
    let text = String::from_utf8_lossy(head);
    if text.lines().any(is_numbered) {
        return "a table with numbered lines; take the numbers away";
    }
    if text.lines().any(|line| is_row(line.trim_start())) {
        return "a table with indented lines; take the blanks away";
    }
    let line = text.lines().find(|line| !line.trim().is_empty());
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    match words.as_slice() {
        [_, "on", _, "type", ..] => "the output of mount(8); use /proc/self/mountinfo",
        [_, _, _, _, dump, pass] if is_number(dump) && is_number(pass) => {
            "/proc/mounts or a fstab; use /proc/self/mountinfo"
        }
        _ => "something else; it is not a mountinfo table",
    }
}

/// What is wrong with the line ends of a table; `None` if nothing is. The kernel ends each row with
/// a newline and never writes a NUL. It does write the CR of a path, so a CR alone says nothing.
pub(super) fn line_ends(table: &MountTable) -> Option<&'static str> {
    if table.rows().any(|row| row.as_bytes().contains(&0)) {
        return Some("a table with NUL bytes in its rows; end each line with a newline");
    }
    let holds_another = |row: &Row<'_>| {
        let text = row.as_bytes();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let last = text.iter().rposition(|&byte| byte == b'\r');
        last.is_some_and(|last| Row::parse(&text[last + 1..]).is_ok())
    };
    if table.rows().any(|row| holds_another(&row)) {
        return Some("a table with CR line ends; end each line with a newline");
    }
    let mut rows = table.rows();
    let is_windows = rows.len() > 0 && rows.all(|row| row.as_bytes().ends_with(b"\r"));
    is_windows.then_some("a table with CR LF line ends; take the CRs away")
}

/// Text of UTF-16 begins with its mark, or has a NUL beside each letter of ASCII.
fn is_utf16(head: &[u8]) -> bool {
    let units = head.chunks_exact(2);
    let is_ascii = |low: u8, high: u8| low.is_ascii() && low != 0 && high == 0;
    let is_text = head.len() > 3
        && (units.clone().all(|unit| is_ascii(unit[0], unit[1]))
            || units.clone().all(|unit| is_ascii(unit[1], unit[0])));
    is_text || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// Whether a row of mountinfo follows a number, as `cat -n`, `nl` and `grep -n` write it.
fn is_numbered(line: &str) -> bool {
    let line = line.trim_start();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let row = rest.trim_start_matches([':', '.', ')', '|', ' ', '\t']);
    rest.len() < line.len() && row.len() < rest.len() && is_row(row)
}

fn is_row(line: &str) -> bool {
    Row::parse(line.as_bytes()).is_ok()
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
