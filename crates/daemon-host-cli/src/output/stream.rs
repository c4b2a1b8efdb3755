//! Standard output, in the form that was asked for.

use std::io::{self, BufWriter, Write};

use anstream::AutoStream;
use clap::ColorChoice;
use serde::Serialize;

/// Where and in which form a subcommand answers.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    color: anstream::ColorChoice,
}

impl Output {
    pub(crate) fn new(json: bool, color: ColorChoice) -> Self {
        let color = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self { json, color }
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a JSON value, indented, with a final newline.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let mut stdout = BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut stdout, value)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Prints a JSON value on one line; for streams of events.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.flush()
    }

    /// Prints text for people; styles are dropped where they do not belong.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        let mut stdout = AutoStream::new(io::stdout(), self.color).lock();
        stdout.write_all(text.as_bytes())
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        io::stdout().lock().write_all(bytes)
    }
}
