//! Progress on the terminal; plain lines where there is none.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Bars below, lines above.
pub(crate) struct Ui {
    bars: MultiProgress,
    terminal: bool,
}

/// One bar; gone when dropped.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Ui {
    pub(crate) fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// A line that stays.
    pub(crate) fn line(&self, text: &str) {
        if self.terminal {
            // Printing goes wrong only with the terminal itself.
            let _ = self.bars.println(text);
        } else {
            eprintln!("{text}");
        }
    }

    /// A line of no interest where bars show the same.
    pub(crate) fn note(&self, text: &str) {
        if !self.terminal {
            eprintln!("{text}");
        }
    }

    pub(crate) fn warn(&self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    /// A bar that counts bytes.
    pub(crate) fn bytes(&self, title: &str, total: u64) -> Bar {
        self.note(&format!("{title}: fetching {} MB", total / 1_000_000));
        self.bar(
            title,
            total,
            "{prefix:7} {bar:30} {bytes:>10}/{total_bytes:10} {bytes_per_sec:>12} {msg}",
        )
    }

    /// A bar that counts tests.
    pub(crate) fn tests(&self, title: &str, total: u64) -> Bar {
        self.bar(
            title,
            total,
            "{prefix:7} {bar:30} {pos:>4}/{len:<4} {elapsed:>4} {msg}",
        )
    }

    fn bar(&self, title: &str, total: u64, template: &str) -> Bar {
        let style = ProgressStyle::with_template(template).expect("templates are literals");
        let bar = self
            .bars
            .add(ProgressBar::new(total))
            .with_style(style)
            .with_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(250));
        Bar { bar }
    }
}

impl Bar {
    pub(crate) fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    pub(crate) fn message(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
