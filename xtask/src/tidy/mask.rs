//! A Rust file with its comments and literals blanked: enough of a lexer to
//! tell code from text, and no more.

/// Same length and same lines as `source`, with the inside of every comment,
/// string and character literal turned into blanks.
pub(super) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !continues_a_word(bytes, at) => match raw_string_end(bytes, at) {
                Some(end) => end,
                None => at,
            },
            b'\'' => char_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("only whole literals and comments are blanked, by blanks")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    position(bytes, at, |byte| byte == b'\n')
}

fn position(bytes: &[u8], from: usize, found: impl Fn(u8) -> bool) -> usize {
    let from = from.min(bytes.len());
    bytes[from..]
        .iter()
        .position(|byte| found(*byte))
        .map_or(bytes.len(), |offset| from + offset)
}

fn block_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = at;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"…"`, `r#"…"#`; `br` and `cr` begin one byte earlier, which is code.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = position(bytes, at + 1, |byte| byte != b'#');
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let hashes = quote - at - 1;
    let mut end = quote + 1;
    loop {
        end = position(bytes, end, |byte| byte == b'"') + 1;
        if end > bytes.len() {
            return Some(bytes.len());
        }
        if bytes[end..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count()
            >= hashes
        {
            return Some(end + hashes);
        }
    }
}

/// `'x'` and `'\n'`, but not the lifetime `'x`.
fn char_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        return Some((position(bytes, at + 3, |byte| byte == b'\'') + 1).min(bytes.len()));
    }
    let width = match bytes.get(at + 1)? {
        0x00..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    (bytes.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
}

fn continues_a_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    match before {
        // The prefixes of byte and C strings.
        Some(b'b' | b'c') => at >= 2 && is_word(bytes[at - 2]),
        Some(byte) => is_word(byte),
        None => false,
    }
}

/// A byte of an identifier.
pub(super) fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Offsets at which `word` stands alone in `code`.
pub(super) fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            let after = bytes.get(at + word.len()).copied();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// The offset just after the block that opens at `open` (a `{`).
pub(super) fn block_after(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return open + offset + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, code: &str) {
        assert_eq!(code_only(source), code);
    }

    #[test]
    fn comments_and_literals_become_blanks() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check(r#"f("x\"y", 'z')"#, "f(      ,    )");
        check("r#\"a\"b\"# + br\"c\"", "         + b    ");
        check("'a: &'a str", "'a: &'a str");
        check(r"'\'' + '\u{1f}'", "     +         ");
        check("'é' 'x'", "     x'".replace("x'", "   ").as_str());
        check("for r in x", "for r in x");
    }

    #[test]
    fn unfinished_text_ends_at_the_end() {
        for source in ["\"abc", "/* abc", "r#\"abc", "'\\", "\"a\\"] {
            assert_eq!(code_only(source).len(), source.len(), "{source}");
        }
    }

    #[test]
    fn words_stand_alone() {
        let code = "unsafe_op unsafe { } not_unsafe";
        assert_eq!(words(code, "unsafe").collect::<Vec<_>>(), [10]);
    }

    #[test]
    fn blocks_nest() {
        assert_eq!(block_after("fn a() { { } } x", 7), 14);
    }
}
