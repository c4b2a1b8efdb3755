//! Explains a document to a person, line by line.

use crate::document::{Document, Line, LineKind, Nameserver, Text, split_option};
use crate::lint::diagnostic::Diagnostic;
use crate::lint::effects;
use crate::lint::groups::grouped;
use crate::lint::known::known_option;
use crate::readers::{Context, DEFAULT, Effective, Reader, SearchRule, Server, Trouble};

/// One line of a file, its meaning, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// Its number, from 1; 0 is the file as a whole.
    pub line: usize,
    /// The line without its terminator.
    pub text: Text,
    /// What it does to each reader, in words; empty for a blank line.
    pub meaning: String,
    /// What is odd about it.
    pub diagnostics: Vec<Diagnostic<'a>>,
}

impl Document {
    /// Explains every line, for the readers that containers have most often. If something is odd
    /// about the file as a whole, that comes first, as line 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = resolvconf::parse(b"nameserver 192.0.2.1\r\noptions ndots:2\n");
    /// let lines = document.explain();
    /// assert_eq!(lines[1].meaning, "glibc: no server; musl, go: asks 192.0.2.1 (server 1)");
    /// ```
    pub fn explain(&self) -> Vec<Explanation<'_>> {
        self.explain_for(&DEFAULT, &Context::default())
    }

    /// [`explain`](Document::explain) for other readers, at most 64, and with facts about the host.
    pub fn explain_for<'a>(
        &'a self,
        readers: &'a [Reader],
        context: &Context,
    ) -> Vec<Explanation<'a>> {
        let effective: Vec<Effective> = readers
            .iter()
            .map(|reader| self.effective_on(reader, context))
            .collect();
        let found = self.diagnostics_on(readers, context);
        let mut diagnostics = found.into_iter().peekable();
        let mut told = Vec::new();
        let mut of_line = |number: usize| {
            let mut own = Vec::new();
            while let Some(diagnostic) = diagnostics.next_if(|d| d.line() == number) {
                own.push(diagnostic);
            }
            own
        };
        let whole = of_line(0);
        if !whole.is_empty() {
            told.push(Explanation {
                line: 0,
                text: Text::default(),
                meaning: String::new(),
                diagnostics: whole,
            });
        }
        let views = Views {
            readers,
            effective: &effective,
        };
        told.extend(self.lines().map(|line| Explanation {
            line: line.number,
            text: line.content().into(),
            meaning: views.meaning(line),
            diagnostics: of_line(line.number),
        }));
        told
    }
}

/// What each reader takes from the file.
struct Views<'v> {
    readers: &'v [Reader],
    effective: &'v [Effective],
}

impl Views<'_> {
    fn meaning(&self, line: Line<'_>) -> String {
        match line.kind {
            LineKind::Blank => String::new(),
            LineKind::Comment | LineKind::IndentedComment => "comment".to_owned(),
            LineKind::Other => "not known to resolvers; passed on as it is".to_owned(),
            _ if line.words().next().is_none() => "no value, no effect".to_owned(),
            LineKind::Nameserver => self.each(|reader, effective| server(line, reader, effective)),
            LineKind::Search | LineKind::Domain => {
                self.each(|reader, effective| search(line, reader, effective))
            }
            LineKind::Options => self.options(line),
            LineKind::Sortlist => {
                let list: Vec<String> = line.words().map(|w| Text::from(w).to_string()).collect();
                format!(
                    "glibc puts answers in these networks first: {}",
                    list.join(", ")
                )
            }
        }
    }

    fn each(&self, effect: impl Fn(&Reader, &Effective) -> String) -> String {
        let mut effective = self.effective.iter();
        let of = |reader: &Reader| match effective.next() {
            Some(effective) => effect(reader, effective),
            None => String::new(),
        };
        grouped(self.readers, of)
    }

    fn options(&self, line: Line<'_>) -> String {
        let seen: Vec<bool> = self
            .readers
            .iter()
            .map(|reader| crate::readers::sees(reader, line.raw))
            .collect();
        let mut told: Vec<String> = line
            .words()
            .take(MOST_WORDS)
            .map(|word| self.option(word, &seen))
            .collect();
        let more = line.words().skip(MOST_WORDS).count();
        if more > 0 {
            told.push(format!("and {more} more words"));
        }
        told.join("; ")
    }

    /// Explains one option, for the readers that see its line.
    fn option(&self, word: &[u8], seen: &[bool]) -> String {
        let mut seen = seen.iter();
        let effect = grouped(self.readers, |reader| match seen.next() {
            Some(true) => effects::option(word, reader),
            _ => "not read".to_owned(),
        });
        let (name, _) = split_option(word);
        let value = &word[word.len().min(name.len() + 1)..];
        let plain = effect == "acts" || effect.as_bytes() == value;
        let word = Text::from(word);
        match known_option(name) {
            Some(meaning) if plain => format!("{word}: {meaning}"),
            Some(meaning) => format!("{word}: {meaning} ({effect})"),
            None => format!("{word}: {effect}"),
        }
    }
}

/// How many words of an `options` line are explained one by one.
const MOST_WORDS: usize = 100;

fn server(line: Line<'_>, reader: &Reader, effective: &Effective) -> String {
    if matches!(
        effective.trouble,
        Some(Trouble::Refused(_) | Trouble::Lost(_))
    ) {
        return "the file is refused".to_owned();
    }
    let here = |server: &&Server| server.line == line.number;
    let asked: Vec<String> = effective
        .servers
        .iter()
        .enumerate()
        .filter(|(_, server)| here(server))
        .map(|(at, server)| {
            format!(
                "asks {} (server {}){}",
                address(server),
                at + 1,
                place(&server.address)
            )
        })
        .collect();
    if !asked.is_empty() {
        return asked.join(", ");
    }
    if let Some(server) = effective.unasked.iter().find(here) {
        let most = reader.servers.most.unwrap_or_default();
        return format!(
            "does not ask {}, {most} servers are enough",
            address(server)
        );
    }
    match crate::readers::sees(reader, line.raw) {
        true if reader.servers.merges_repeated => "no further server".to_owned(),
        true if effective.unasked.len() > 1 => "does not ask it".to_owned(),
        true => "no server".to_owned(),
        false => "not read".to_owned(),
    }
}

fn address(server: &Server) -> String {
    match server.port {
        53 => server.address.to_string(),
        port => format!("{} at port {port}", server.address),
    }
}

fn place(server: &Nameserver) -> &'static str {
    if server.is_stub() {
        ": systemd-resolved's stub on this host"
    } else if server.is_loopback() || server.is_unspecified() {
        ": this host"
    } else {
        ""
    }
}

fn search(line: Line<'_>, reader: &Reader, effective: &Effective) -> String {
    if reader.search.rule == SearchRule::Never {
        return "never searches".to_owned();
    }
    if !crate::readers::sees(reader, line.raw) {
        return "not read".to_owned();
    }
    if reader.search.rule != SearchRule::Merged && effective.search_line != line.number {
        return match effective.search_line {
            0 => "no effect".to_owned(),
            other => format!("replaced by line {other}, no effect"),
        };
    }
    let domains = effective.search.iter().filter(|domain| **domain != ".");
    let domains: Vec<String> = domains.map(ToString::to_string).collect();
    match &domains[..] {
        [] => "names are tried as they are".to_owned(),
        domains => format!("names are also tried under {}", domains.join(", ")),
    }
}
