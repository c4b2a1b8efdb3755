//! Package index stanzas, and which of two versions is the newer.

use std::cmp::Ordering;

/// What an index says of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stanza {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) depends: String,
    pub(crate) sha256: String,
    pub(crate) size: u64,
}

/// Reads the output of `apt-cache show` or `dumpavail`.
pub(crate) fn parse(text: &str) -> Vec<Stanza> {
    let stanza = |text: &str| {
        let mut stanza = Stanza::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(": ") else {
                continue;
            };
            match key {
                "Package" => stanza.package = value.to_owned(),
                "Version" => stanza.version = value.to_owned(),
                "Depends" => stanza.depends = value.to_owned(),
                "SHA256" => stanza.sha256 = value.to_owned(),
                "Size" => stanza.size = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        stanza
    };
    text.split("\n\n")
        .map(stanza)
        .filter(|stanza| !stanza.package.is_empty())
        .collect()
}

/// Debian's order of versions, without epochs (no package we take has one).
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let order = compare_text(take(&mut a, false), take(&mut b, false))
            .then_with(|| compare_number(take(&mut a, true), take(&mut b, true)));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn take<'a>(text: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = text
        .iter()
        .position(|byte| byte.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    *text = tail;
    head
}

/// A tilde sorts before the end, letters before other characters.
fn compare_text(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    (0..a.len().max(b.len()))
        .map(|place| weight(a.get(place)).cmp(&weight(b.get(place))))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

fn compare_number(a: &[u8], b: &[u8]) -> Ordering {
    let plain = |digits: &[u8]| -> Vec<u8> {
        digits
            .iter()
            .copied()
            .skip_while(|digit| *digit == b'0')
            .collect()
    };
    let (a, b) = (plain(a), plain(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_as_apt_cache_prints_them() {
        let text = "Package: a\nVersion: 1.0-1\nSize: 12\nSHA256: ab\nDescription: x\n more: y\n\n\
            Package: b\nVersion: 2\nDepends: a (= 1.0-1), c\n\n";
        let stanzas = parse(text);
        assert_eq!(stanzas.len(), 2);
        assert_eq!((stanzas[0].package.as_str(), stanzas[0].size), ("a", 12));
        assert_eq!(stanzas[1].depends, "a (= 1.0-1), c");
        assert_eq!(parse(""), Vec::new());
    }

    #[test]
    fn versions_in_debians_order() {
        let ordered = [
            "1.0~rc1-1",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-1+deb12u2",
            "1.0-1+deb12u10",
            "1.0.1",
            "1.10",
            "6.12.116+deb13",
            "6.12.116+deb13.1",
            "6.12.117",
        ];
        for (place, a) in ordered.iter().enumerate() {
            for (other, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), place.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!(compare("1.01", "1.1"), Ordering::Equal);
    }
}
