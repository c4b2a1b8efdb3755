//! Takes from the host's file what a container inherits, in a form that all readers read the same.
//!
//! Readers disagree about odd forms, and some fail on them. So a container gets the plain form of
//! what the C libraries read. If there is no such form, the entry is left out with a warning.

use std::net::IpAddr;

use crate::container::resolved::{NdotsOrigin, Resolved, Warning};
use crate::document::{Document, Line, LineKind, Nameserver, Text, glibc_ipv4};
use crate::readers::is_domain;

/// The options with a number, and the smallest value with which every reader works.
const NUMERIC: [(&[u8], u64); 5] = [
    (b"ndots", 0),
    (b"timeout", 1),
    (b"attempts", 1),
    (b"retrans", 1),
    (b"retry", 1),
];

/// How many of [`NUMERIC`] count by their last line. Only c-ares knows the others, and of these
/// each version takes another one.
const BY_LINE: usize = 3;

/// The largest number that no reader wraps around.
const LARGEST: u64 = i32::MAX as u64;

impl Resolved {
    /// Takes servers, search list, options and other lines of the host's file.
    pub(crate) fn inherit(&mut self, document: &Document) {
        for line in document.lines() {
            match line.kind {
                LineKind::Nameserver => self.nameserver(line),
                LineKind::Sortlist if line.hangs_glibc() => {
                    let line = line.content().into();
                    self.warnings.push(Warning::DroppedSortlist(line));
                }
                LineKind::Other | LineKind::Sortlist | LineKind::IndentedComment => {
                    self.other.push(line.content().into());
                }
                _ => {}
            }
        }
        // `.` means "look up names as they are", which needs no list. musl before 1.2.5 and c-ares
        // 1.18 fail on it.
        let search = document.search().filter(|domain| *domain != b".");
        self.search = search.map(Text::from).collect();
        self.options = self.options_of(document);
        self.ndots_origin = self.option("ndots").map(|_| NdotsOrigin::Host);
    }

    fn nameserver(&mut self, line: Line<'_>) {
        let Some(word) = line.words().next() else {
            return;
        };
        // For the C libraries, which the host's programs use, short and octal forms are addresses,
        // too.
        let short = || Some(IpAddr::from(glibc_ipv4(word)?).into());
        match Nameserver::parse(word).or_else(short) {
            Some(server) => self.nameservers.push(server),
            None => self.invalid_nameservers.push(word.into()),
        }
    }

    /// Puts all options on one line. If a numeric option stands on several lines, the last line
    /// counts, as for glibc, musl and Go. Within one line musl takes the first word, and that word
    /// stays first. A value that is refused later does not count, so it replaces no sound one.
    fn options_of(&mut self, document: &Document) -> Vec<Text> {
        let mut last_lines = [0; 3];
        let mut lines = document.lines().filter(|l| l.kind == LineKind::Options);
        let one_line = lines.next().is_none() || lines.next().is_none();
        if !one_line {
            for option in document.options() {
                let at = numeric(option.value).filter(|at| *at < BY_LINE);
                if let Some(at) = at.filter(|_| is_sound(option.value)) {
                    last_lines[at] = option.line;
                }
            }
        }
        let mut options = Vec::new();
        for option in document.options() {
            match numeric(option.value).filter(|at| *at < BY_LINE) {
                Some(at)
                    if !one_line && last_lines[at] != option.line && is_sound(option.value) =>
                {
                    self.warnings
                        .push(Warning::MergedOption(option.value.into()));
                }
                _ => options.push(option.value.into()),
            }
        }
        options
    }

    /// Leaves out the domains in which no name can end. At such a domain glibc ends its list, musl
    /// before 1.2.5 and c-ares fail, and others skip it. glibc skips one dot before a domain; the
    /// domain is then written without that dot, because with it only glibc uses the domain.
    pub(crate) fn make_search_safe(&mut self) {
        for domain in std::mem::take(&mut self.search) {
            if is_domain(domain.as_bytes()) {
                self.search.push(domain);
                continue;
            }
            let plain = domain.as_bytes().strip_prefix(b".");
            match plain.filter(|plain| *plain != b"." && is_domain(plain)) {
                Some(plain) => {
                    self.search.push(plain.into());
                    self.warnings.push(Warning::PlainDomain(domain));
                }
                None => self.warnings.push(Warning::DroppedDomain(domain)),
            }
        }
    }

    /// Leaves out the values with which some reader has no DNS, and writes the others in plain
    /// form.
    pub(crate) fn make_options_safe(&mut self) {
        for option in std::mem::take(&mut self.options) {
            match safe(option.as_bytes()) {
                Safe::AsItIs => self.options.push(option),
                Safe::Plainly(plain) => self.options.push(plain),
                Safe::Never => self.warnings.push(Warning::DroppedOption(option)),
            }
        }
        if self.option("ndots").is_none() {
            self.ndots_origin = None;
        }
    }
}

/// How to write an option so that every reader reads the same.
enum Safe {
    AsItIs,
    Plainly(Text),
    /// It is not written at all, because some reader would have no DNS with it.
    Never,
}

/// The place in [`NUMERIC`] of an option with a colon.
fn numeric(option: &[u8]) -> Option<usize> {
    // For most words the first byte is enough to say no.
    let at = match option.first()? {
        b'n' => 0,
        b't' => 1,
        b'a' => 2,
        b'r' if option.starts_with(b"retrans") => 3,
        b'r' => 4,
        _ => return None,
    };
    let after = option.strip_prefix(NUMERIC[at].0)?;
    (after.first() == Some(&b':')).then_some(at)
}

fn is_sound(option: &[u8]) -> bool {
    !matches!(safe(option), Safe::Never)
}

fn safe(option: &[u8]) -> Safe {
    let Some(at) = numeric(option) else {
        return Safe::AsItIs;
    };
    let (name, least) = NUMERIC[at];
    let value = &option[name.len() + 1..];
    let Some(number) = number(value).filter(|number| (least..=LARGEST).contains(number)) else {
        return Safe::Never;
    };
    let plain = value[0] != b'+' && (value[0] != b'0' || value.len() == 1);
    match plain {
        true => Safe::AsItIs,
        false => Safe::Plainly([name, b":", number.to_string().as_bytes()].concat().into()),
    }
}

/// Digits, with an optional plus before them.
fn number(value: &[u8]) -> Option<u64> {
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| plain)?;
    digits.parse().ok()
}
