//! Explains a document to a person, line by line.

use crate::document::{Document, Line, LineKind, Text, split_option};
use crate::lint::diagnostic::Diagnostic;
use crate::lint::effects::{self, MOST_WORDS};
use crate::lint::groups::grouped;
use crate::lint::known::known_option;
use crate::lint::meaning;
use crate::lint::trace::Trace;
use crate::readers::{Context, DEFAULT, Reader};

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
        let trace = |reader| Trace::of(self, reader, context);
        let traces: Vec<Trace<'_>> = readers.iter().map(trace).collect();
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
        told.extend(self.lines().map(|line| Explanation {
            line: line.number,
            text: line.content().into(),
            meaning: meaning(line, &traces),
            diagnostics: of_line(line.number),
        }));
        told
    }
}

/// What a line does to the readers.
fn meaning(line: Line<'_>, traces: &[Trace<'_>]) -> String {
    let only_options = |trace: &Trace<'_>| trace.sees_only_options(line.number);
    if line.kind == LineKind::Options && traces.iter().all(only_options) {
        return options(line, traces);
    }
    grouped(traces, |trace| meaning::of_line(line, trace))
}

fn options(line: Line<'_>, traces: &[Trace<'_>]) -> String {
    let words = line.words().take(MOST_WORDS);
    let mut told: Vec<String> = words.map(|word| option(line, word, traces)).collect();
    if told.is_empty() {
        return "no value, no effect".to_owned();
    }
    let more = line.words().skip(MOST_WORDS).count();
    if more > 0 {
        told.push(format!("and {more} more words"));
    }
    told.join("; ")
}

/// Explains one option of a line.
fn option(line: Line<'_>, word: &[u8], traces: &[Trace<'_>]) -> String {
    let effect = grouped(traces, |trace| effects::option_in(line.number, word, trace));
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
