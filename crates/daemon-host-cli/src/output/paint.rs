//! The few colours that output uses, by meaning.

use anstyle::{AnsiColor, Effects, Style};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// A heading.
    Head,
    /// Something in order.
    Good,
    /// Something to look at.
    Warn,
    /// Something wrong.
    Bad,
    /// Detail that may be overlooked.
    Dim,
}

impl Ink {
    pub(crate) fn style(self) -> Style {
        let plain = Style::new();
        match self {
            Self::Head => plain.effects(Effects::BOLD),
            Self::Good => plain.fg_color(Some(AnsiColor::Green.into())),
            Self::Warn => plain.fg_color(Some(AnsiColor::Yellow.into())),
            Self::Bad => plain
                .fg_color(Some(AnsiColor::Red.into()))
                .effects(Effects::BOLD),
            Self::Dim => plain.effects(Effects::DIMMED),
        }
    }
}

/// The text in its style. The stream drops the style if there is no colour.
pub(crate) fn paint(ink: Ink, text: impl std::fmt::Display) -> String {
    let style = ink.style();
    format!("{style}{text}{style:#}")
}
