//! How results reach the reader: tables for people, JSON for machines.

mod hex;
pub(crate) mod log;
mod paint;
mod table;

use std::io::{self, BufWriter, Write};

use anstream::AutoStream;
use clap::ColorChoice;
use serde::Serialize;
use serde_json::Value;

pub(crate) use hex::{path_fields, text_fields};
pub(crate) use paint::{Ink, paint};
pub(crate) use table::{Cell, Table};

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
    pub(crate) fn json_line(&self, value: &Value) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{value}")?;
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

/// Prints an error and its causes on one line to standard error.
pub(crate) fn error(error: &anyhow::Error) {
    let mut stderr = anstream::stderr().lock();
    // A closed standard error leaves only the exit code, which is right.
    let _ = writeln!(stderr, "{} {error:#}", paint(Ink::Bad, "daemon-host:"));
}

/// Whether an error is only that the reader of our output has gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
