//! Draws text as a terminal shows it, as SVG. Pure.

use std::fmt::Write as _;

/// Pixels of a character, and around the text.
const WIDE: f64 = 8.4;
const HIGH: f64 = 19.0;
const MARGIN: f64 = 16.0;

/// A piece of a line in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Piece {
    class: String,
    text: String,
}

/// The picture of a terminal in which somebody typed a command, with what it printed.
pub(super) fn picture(typed: &str, printed: &str) -> String {
    let mut lines = vec![vec![
        Piece {
            class: "dim".into(),
            text: "$ ".into(),
        },
        Piece {
            class: "bold".into(),
            text: typed.into(),
        },
    ]];
    lines.extend(printed.trim_end().lines().map(pieces));
    let columns = lines
        .iter()
        .map(|line| width(line))
        .max()
        .unwrap_or_default();
    let (x, y) = (
        columns as f64 * WIDE + 2.0 * MARGIN,
        lines.len() as f64 * HIGH + 2.0 * MARGIN,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{x:.0}\" height=\"{y:.0}\" \
         viewBox=\"0 0 {x:.0} {y:.0}\" role=\"img\">\n<title>{}</title>\n<style>\n\
         text {{ font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #d8dee9; \
         white-space: pre }}\n\
         .bold {{ font-weight: bold }} .dim {{ fill: #8b95a5 }} .red {{ fill: #ff7b72 }}\n\
         .green {{ fill: #7ee787 }} .yellow {{ fill: #e3b341 }}\n</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\"/>\n",
        escape(typed)
    );
    for (number, line) in lines.iter().enumerate() {
        let y = MARGIN + HIGH * (number as f64 + 0.75);
        let mut column = 0;
        for piece in line {
            // Each piece has its place, so that a font of another width does not move the next.
            let x = MARGIN + WIDE * column as f64;
            column += piece.text.chars().count();
            let (class, text) = (&piece.class, escape(&piece.text));
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{text}</text>"
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn width(line: &[Piece]) -> usize {
    line.iter().map(|piece| piece.text.chars().count()).sum()
}

/// The pieces of a line by its escape sequences (SGR); others are dropped.
fn pieces(line: &str) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut class = String::new();
    for (number, part) in line.split('\u{1b}').enumerate() {
        let mut text = part;
        if number > 0 {
            let (code, rest) = part
                .split_once(|c: char| c.is_ascii_alphabetic())
                .unwrap_or((part, ""));
            for code in code.trim_start_matches('[').split(';') {
                styled(code, &mut class);
            }
            text = rest;
        }
        if !text.is_empty() {
            let (class, text) = (class.clone(), text.to_owned());
            all.push(Piece { class, text });
        }
    }
    all
}

fn styled(code: &str, class: &mut String) {
    let name = match code {
        "1" => "bold",
        "2" => "dim",
        "31" => "red",
        "32" => "green",
        "33" => "yellow",
        _ => return class.clear(),
    };
    if !class.is_empty() {
        class.push(' ');
    }
    class.push_str(name);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_classes_and_text_is_escaped() {
        let line = "a \u{1b}[1m\u{1b}[31mbad <x>\u{1b}[0m & \u{1b}[2mdim\u{1b}[0m";
        let found: Vec<(String, String)> = pieces(line)
            .into_iter()
            .map(|piece| (piece.class, piece.text))
            .collect();
        let want = [
            ("", "a "),
            ("bold red", "bad <x>"),
            ("", " & "),
            ("dim", "dim"),
        ];
        let want = want.map(|(class, text)| (class.to_owned(), text.to_owned()));
        assert_eq!(found, want);
        let svg = picture("run", line);
        assert!(
            svg.contains("class=\"bold red\">bad &lt;x&gt;</text>"),
            "{svg}"
        );
        assert!(svg.contains("> &amp; </text>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
