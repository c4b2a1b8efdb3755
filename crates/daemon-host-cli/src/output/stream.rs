//! Writes to standard output, in the form that was asked for.

use std::borrow::Cow;
use std::io::{self, BufWriter, ErrorKind, Write};

use anstream::AutoStream;
use clap::ColorChoice;
use serde::Serialize;

use super::aside::Aside;
use super::log;
use super::table::terminal_width;
use super::words::fold_lines;

/// Where a subcommand answers, and in which form.
///
/// A subcommand that answers once keeps its exit code when the reader is gone:
/// [`json`](Self::json), [`text`](Self::text), [`bytes`](Self::bytes). A stream of events has no
/// reason to continue then: [`json_line`](Self::json_line) and [`line`](Self::line) fail.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    color: anstream::ColorChoice,
    aside: Option<Aside>,
}

impl Output {
    pub(crate) fn new(json: bool, color: ColorChoice) -> Self {
        let color = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let aside = None;
        Self { json, color, aside }
    }

    /// Makes the output of a daemon. A reader that is slow or gone has no influence on it.
    pub(crate) fn aside(mut self) -> Self {
        self.aside = Some(Aside::new(io::stdout));
        self
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a JSON value, indented, with a final newline.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        if self.aside.is_some() {
            return self.json_line(value);
        }
        let mut stdout = BufWriter::new(io::stdout().lock());
        let written = serde_json::to_writer_pretty(&mut stdout, value)
            .map_err(io::Error::from)
            .and_then(|()| stdout.write_all(b"\n"))
            .and_then(|()| stdout.flush());
        if written.is_err() {
            // Otherwise its drop would try again.
            drop(stdout.into_parts());
        }
        unless_gone(written)
    }

    /// Prints a JSON value on one line; for streams of events.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.write(line)
    }

    /// Prints text for people, as one of a stream of events.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        if let Some(aside) = &self.aside {
            let plain = anstream::adapter::strip_str(text).to_string();
            aside.send(plain.into_bytes());
            return Ok(());
        }
        let mut stdout = AutoStream::new(io::stdout(), self.color).lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Prints text for people. Styles are dropped if the output shows no colours. Lines that are
    /// too long for a terminal are folded.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        let folded = match terminal_width() {
            usize::MAX => Cow::Borrowed(text),
            width => Cow::Owned(fold_lines(text, width)),
        };
        unless_gone(self.line(&folded))
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        unless_gone(self.write(bytes.to_vec()))
    }

    fn write(&self, bytes: Vec<u8>) -> io::Result<()> {
        if let Some(aside) = &self.aside {
            aside.send(bytes);
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(&bytes)?;
        stdout.flush()
    }

    /// Waits a moment until everything is written, the log included.
    pub(crate) fn finish(&self) {
        if let Some(aside) = &self.aside {
            aside.finish();
        }
        log::finish();
    }
}

/// A reader that is gone is no failure of an answer: nobody is left to be told.
fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
