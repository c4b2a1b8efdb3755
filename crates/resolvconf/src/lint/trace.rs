//! What one reader takes from each line of a document.

use crate::document::Document;
use crate::readers::{
    Context, Depth, Effective, Entry, Keyword, Once, Reader, Reading, Row, Trouble, Value, words,
};

/// One reader, and what it took from a document.
pub(crate) struct Trace<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) effective: Effective,
    /// The values of `ndots`, `timeout` and `attempts`, each with the line it came from.
    pub(crate) numbers: [Value; 3],
    entries: Vec<Entry<'a>>,
}

impl<'a> Trace<'a> {
    pub(crate) fn of(document: &'a Document, reader: &'a Reader, context: &Context) -> Self {
        let mut reading = Reading::new(reader, context, Depth::Traced);
        for line in document.lines() {
            reading.line(Row::of(line.number, line.raw), &Once::default());
        }
        let (effective, numbers, entries) = reading.traced();
        Self {
            reader,
            effective,
            numbers,
            entries,
        }
    }

    /// The directives that the reader sees in a line. Only some readers see more than one.
    pub(crate) fn entries_of(&self, line: usize) -> &[Entry<'a>] {
        let start = self.entries.partition_point(|entry| entry.line < line);
        let entries = &self.entries[start..];
        let end = entries.iter().take_while(|entry| entry.line == line);
        &entries[..end.count()]
    }

    /// Whether the reader sees options in a line, and nothing else.
    pub(crate) fn sees_only_options(&self, line: usize) -> bool {
        let mut entries = self.entries_of(line).iter();
        entries.all(|entry| entry.keyword == Keyword::Options)
    }

    /// The value and the word of an `options` line that holds this text, as the reader splits it.
    pub(crate) fn word_at(&self, line: usize, text: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
        let start = text.as_ptr() as usize;
        self.entries_of(line).iter().find_map(|entry| {
            let mut found = words(entry.value, &self.reader.lines);
            let word = found.find(|word| word.as_ptr_range().contains(&(start as *const u8)))?;
            Some((entry.value, word))
        })
    }

    /// Why nothing of the file counts, if so.
    pub(crate) fn given_up(&self) -> Option<&'static str> {
        match self.effective.trouble? {
            Trouble::Refused(_) => Some("the file is refused"),
            Trouble::Lost(_) => Some("the file is given up"),
            _ => None,
        }
    }

    /// Why no server is asked although the reader takes some, if so.
    pub(crate) fn asks_none(&self) -> Option<String> {
        match self.effective.trouble? {
            Trouble::AsksNobody(line) => Some(format!("asks nobody because of line {line}")),
            Trouble::WaitsForNone(line) => {
                Some(format!("waits for no answer because of line {line}"))
            }
            Trouble::EndsProgram(line) => Some(format!("the program ends because of line {line}")),
            _ => None,
        }
    }
}
