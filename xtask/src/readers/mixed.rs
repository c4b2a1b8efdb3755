//! More files than the matrix has: odd mixtures of the same pieces, the same ones in every run.
//!
//! No piece is one with which a reader is known to end or to loop.

/// One mixture.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Mixture {
    pub(super) id: String,
    pub(super) text: Vec<u8>,
    pub(super) host: Option<String>,
}

const ADDRESSES: &[&str] = &[
    "192.0.2.1",
    "192.0.2.2",
    "2001:db8::1",
    "2001:DB8:0::1",
    "fe80::1%eth0",
    "fe80::1%2",
    "::ffff:192.0.2.1",
    "192.0.2.1:53",
    "[2001:db8::1]",
    "[2001:db8::1]:53",
    "192.0.2",
    "192.0.2.01",
    "0300.0.2.1",
    "0xc0000201",
    "192.0.2.1#x",
    "192.0.2.1,192.0.2.2",
    "192.0.2.1.",
    "192.0.2.256",
    "127.1",
    "::1",
    "x",
];

const DOMAINS: &[&str] = &[
    "one.test",
    "two.test",
    "ONE.test",
    "one.test.",
    "a..b",
    ".",
    "_a.test",
    "*.test",
    "one.test,two.test",
    "-b.test",
    "#",
    "\u{e9}.test",
    "1",
];

const OPTIONS: &[&str] = &[
    "ndots:0",
    "ndots:1",
    "ndots:2",
    "ndots:16",
    "ndots:",
    "ndots",
    "ndots:2x",
    "ndots:+2",
    "ndots: 2",
    "ndots=2",
    "timeout:1",
    "attempts:1",
    "rotated",
    "edns0",
    "use-vc",
    "no-aaaa",
    "single-request",
    "xndots:2",
    "NDOTS:3",
    "retry:1",
];

const WHOLE: &[&str] = &[
    "#nameserver 192.0.2.9",
    " ;nameserver 192.0.2.9",
    "Nameserver 192.0.2.4",
    "nameserver=192.0.2.4",
    "nameservers 192.0.2.4",
    "nameserver",
    "search",
    "options",
    "nameserver 192.0.2.5\0",
    "nameserver 192.0.2.5\0x",
];

const BLANKS: &[&str] = &[" ", " ", " ", " ", "\t", "  ", " \t", "\u{b}", "\u{a0}"];

const ENDS: &[&str] = &[
    "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", " \n",
];

/// Numbers that look random (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (sides as u64)).unwrap_or(0)
    }

    fn pick(&mut self, pieces: &[&'static str]) -> &'static str {
        pieces[self.below(pieces.len())]
    }

    fn line(&mut self) -> String {
        let (name, pieces, most) = match self.below(10) {
            0..=3 => ("nameserver", ADDRESSES, 2),
            4 | 5 => ("search", DOMAINS, 6),
            6 => ("domain", DOMAINS, 2),
            7 | 8 => ("options", OPTIONS, 3),
            _ => return self.pick(WHOLE).to_owned() + self.pick(ENDS),
        };
        let indent = ["", "", "", "", "", "", " ", "\t"];
        let mut line = self.pick(&indent).to_owned() + name;
        for _ in 0..1 + self.below(most) {
            line += self.pick(BLANKS);
            line += self.pick(pieces);
        }
        line + self.pick(ENDS)
    }
}

/// That many files. They are called M0, M1 and so on.
pub(super) fn mixed(count: usize) -> Vec<Mixture> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let case = |number| {
        let mut text: String = (0..1 + dice.below(5)).map(|_| dice.line()).collect();
        if dice.below(3) > 0 {
            text += "nameserver 192.0.2.1\n";
        }
        if dice.below(8) == 0 {
            text.truncate(text.trim_end_matches('\n').len());
        }
        let host = (dice.below(6) == 0).then(|| "web.prod.test".to_owned());
        let text = text.into_bytes();
        Mixture {
            id: format!("M{number}"),
            text,
            host,
        }
    };
    (0..count).map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::mixed;

    #[test]
    fn the_files_are_the_same_in_every_run() {
        let texts = || mixed(200).into_iter().map(|case| case.text);
        assert!(texts().eq(texts()));
        let distinct: std::collections::HashSet<_> = texts().collect();
        assert!(distinct.len() > 190, "{}", distinct.len());
    }
}
