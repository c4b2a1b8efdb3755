//! A document told to a person, line by line.

use crate::document::{Document, Line, LineKind, Nameserver, Text, split_option};
use crate::lint::diagnostic::Diagnostic;
use crate::lint::limits::known_option;

/// One line of a file, what it means, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// Its number, from 1; 0 is the file as a whole.
    pub line: usize,
    /// The line without its terminator.
    pub text: Text,
    /// What it does, in words; empty for a blank line.
    pub meaning: String,
    /// What is odd about it.
    pub diagnostics: Vec<Diagnostic<'a>>,
}

impl Document {
    /// Explains every line; first, as line 0, what is odd about the file as a whole, if anything.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = resolvconf::parse(b"nameserver 192.0.2.1\noptions ndots:2\n");
    /// let lines = document.explain();
    /// assert_eq!(lines[0].meaning, "asks 192.0.2.1 (server 1)");
    /// ```
    pub fn explain(&self) -> Vec<Explanation<'_>> {
        let mut diagnostics = self.diagnostics().into_iter().peekable();
        let mut told = Vec::new();
        let whole = diagnostics.next_if(|d| d.line() == 0);
        told.extend(whole.map(|diagnostic| Explanation {
            line: 0,
            text: Text::default(),
            meaning: String::new(),
            diagnostics: vec![diagnostic],
        }));
        let mut servers = 0;
        let search = self.search_line().map(|line| line.number);
        for line in self.lines() {
            let mut own = Vec::new();
            while let Some(diagnostic) = diagnostics.next_if(|d| d.line() == line.number) {
                own.push(diagnostic);
            }
            told.push(Explanation {
                line: line.number,
                text: line.content().into(),
                meaning: meaning(line, &mut servers, search),
                diagnostics: own,
            });
        }
        told
    }
}

fn meaning(line: Line<'_>, servers: &mut usize, search: Option<usize>) -> String {
    let Some(first) = line.words().next() else {
        return match line.kind {
            LineKind::Blank => String::new(),
            LineKind::Comment | LineKind::IndentedComment => "comment".to_owned(),
            LineKind::Other => "not known to resolvers; passed on as it is".to_owned(),
            _ => "no value, no effect".to_owned(),
        };
    };
    match line.kind {
        LineKind::Blank => String::new(),
        LineKind::Comment | LineKind::IndentedComment => "comment".to_owned(),
        LineKind::Nameserver => server_meaning(first, servers),
        LineKind::Search | LineKind::Domain if search == Some(line.number) => {
            format!("names are also tried under {}", list(line))
        }
        LineKind::Search | LineKind::Domain => "replaced by a later line, no effect".to_owned(),
        LineKind::Options => {
            let options: Vec<String> = line.words().map(option_meaning).collect();
            options.join("; ")
        }
        LineKind::Sortlist => format!("glibc puts answers in these networks first: {}", list(line)),
        LineKind::Other => "not known to resolvers; passed on as it is".to_owned(),
    }
}

fn server_meaning(word: &[u8], servers: &mut usize) -> String {
    let Some(server) = Nameserver::parse(word) else {
        return "no address, no effect".to_owned();
    };
    *servers += 1;
    let place = if server.is_stub() {
        ": systemd-resolved's stub on this host"
    } else if server.is_loopback() || server.is_unspecified() {
        ": this host"
    } else {
        ""
    };
    match *servers {
        ..=3 => format!("asks {} (server {servers}){place}", Text::from(word)),
        _ => format!("not asked: server {servers}, and the C libraries use three"),
    }
}

fn option_meaning(option: &[u8]) -> String {
    let (name, value) = split_option(option);
    let meaning = known_option(name).unwrap_or("not known to glibc, no effect there");
    let shown = if value.is_empty() { name } else { option };
    format!("{}: {meaning}", Text::from(shown))
}

fn list(line: Line<'_>) -> String {
    let words: Vec<String> = line
        .words()
        .map(|word| Text::from(word).to_string())
        .collect();
    words.join(", ")
}
