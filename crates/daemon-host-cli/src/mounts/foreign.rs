//! Says what a file looks like that is no mountinfo table. Pure.

/// Names what people paste in place of a mountinfo table, by the beginning of the file.
pub(super) fn looks_like(head: &[u8]) -> &'static str {
    if head.starts_with(&[0x1f, 0x8b]) {
        return "gzip data; unpack it first";
    }
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || head.contains(&0) {
        return "UTF-16 text; convert it to UTF-8 first";
    }
    let text = String::from_utf8_lossy(head);
    let line = text.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [_, "on", _, "type", ..] => "the output of mount(8); use /proc/self/mountinfo",
        [_, _, _, _, dump, pass] if is_number(dump) && is_number(pass) => {
            "/proc/mounts or a fstab; use /proc/self/mountinfo"
        }
        [first, second, ..] if is_number(second) && is_line_number(first) => {
            "a table with numbered lines; take the numbers away"
        }
        [first, second, ..]
            if line.starts_with([' ', '\t']) && is_number(first) && is_number(second) =>
        {
            "a table with indented lines; take the blanks away"
        }
        _ => "something else; it is not a mountinfo table",
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_line_number(word: &str) -> bool {
    word.strip_suffix([':', '.', ')']).is_some_and(is_number)
}
