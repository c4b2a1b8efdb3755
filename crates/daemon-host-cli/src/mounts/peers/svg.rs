//! Draws the picture as SVG. Pure.

use std::fmt::Write as _;

use super::picture::{Link, Spoke, Wheel, shown};

/// Width of a box. A longer text makes all boxes wider.
const BOX: usize = 300;
/// Width of a character of the font, roughly.
const CHARACTER: usize = 8;
/// Room for the word at a link.
const GAP: usize = 330;
const LINE: usize = 17;
const MARGIN: usize = 20;

const STYLE: &str = "text{font:13px sans-serif;fill:#222}rect{fill:#fff;stroke:#555}\
.hub{fill:#e8f0fe;stroke:#1a56c4;stroke-width:2}.cut{fill:#fdecea;stroke:#b3261e}\
.word{font-size:12px;fill:#555}line{stroke:#1a56c4;stroke-width:2}\
line.cut{stroke:#b3261e;stroke-dasharray:5 4}";

/// Draws each hub at the left and its spokes in a column at the right.
pub(super) fn draw(wheels: &[Wheel]) -> String {
    let all = wheels
        .iter()
        .flat_map(|w| w.spokes.iter().flat_map(|s| &s.lines).chain(&w.hub));
    let longest = all.map(|line| line.chars().count()).max().unwrap_or(0);
    let width = BOX.max(longest * CHARACTER + MARGIN);
    let mut body = String::new();
    let mut y = MARGIN;
    for wheel in wheels {
        y = draw_wheel(wheel, y, width, &mut body) + MARGIN;
    }
    let (total, height) = (2 * MARGIN + 2 * width + GAP, y.max(2 * MARGIN));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"{height}\" \
         viewBox=\"0 0 {total} {height}\">\n<style>{STYLE}</style>\n\
         <defs><marker id=\"a\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" \
         fill=\"#1a56c4\"/></marker></defs>\n\
         <rect width=\"{total}\" height=\"{height}\" style=\"fill:#fff;stroke:none\"/>\n{body}</svg>\n"
    )
}

/// Draws one wheel. Returns where it ends.
fn draw_wheel(wheel: &Wheel, top: usize, width: usize, body: &mut String) -> usize {
    let heights: Vec<usize> = wheel.spokes.iter().map(|s| height(&s.lines) + 12).collect();
    let right = heights.iter().sum::<usize>();
    let whole = right.max(height(&wheel.hub) + 12);
    let hub_y = top + (whole - height(&wheel.hub)) / 2;
    draw_box(&wheel.hub, "hub", (MARGIN, hub_y, width), body);
    let mut y = top + (whole - right) / 2;
    for (spoke, tall) in wheel.spokes.iter().zip(heights) {
        let class = if spoke.link == Link::Cut {
            "cut"
        } else {
            "spoke"
        };
        draw_box(&spoke.lines, class, (MARGIN + width + GAP, y, width), body);
        let from = (MARGIN + width, top + whole / 2);
        let to = (MARGIN + width + GAP, y + height(&spoke.lines) / 2);
        draw_link(spoke, from, to, body);
        y += tall;
    }
    top + whole
}

fn height(lines: &[String]) -> usize {
    lines.len() * LINE + 12
}

fn draw_box(
    lines: &[String],
    class: &str,
    (x, y, width): (usize, usize, usize),
    body: &mut String,
) {
    let tall = height(lines);
    write_line(
        body,
        &format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{tall}\" rx=\"5\"/>"
        ),
    );
    for (number, line) in lines.iter().enumerate() {
        let (x, y) = (x + 10, y + 19 + number * LINE);
        write_line(
            body,
            &format!("<text x=\"{x}\" y=\"{y}\">{}</text>", plain(line)),
        );
    }
}

fn draw_link(spoke: &Spoke, from: (usize, usize), to: (usize, usize), body: &mut String) {
    let arrows = match spoke.link {
        Link::Both => " marker-start=\"url(#a)\" marker-end=\"url(#a)\"",
        Link::Out => " marker-end=\"url(#a)\"",
        Link::In => " marker-start=\"url(#a)\"",
        Link::Cut => " class=\"cut\"",
    };
    let ((x1, y1), (x2, y2)) = (from, to);
    write_line(
        body,
        &format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"{arrows}/>"),
    );
    // The word stands over the spoke's end, where links no longer cross.
    let y = y2.saturating_sub(6);
    let x = x2 - 10;
    let word = plain(&spoke.word);
    write_line(
        body,
        &format!("<text class=\"word\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{word}</text>"),
    );
}

fn write_line(body: &mut String, line: &str) {
    writeln!(body, "{line}").expect("writing to a String cannot fail");
}

/// Makes text without markup, whatever a path contains.
fn plain(text: &str) -> String {
    shown(text, |char| match char {
        '&' => Some("&amp;".to_owned()),
        '<' => Some("&lt;".to_owned()),
        '>' => Some("&gt;".to_owned()),
        '"' => Some("&quot;".to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_no_markup() {
        assert_eq!(plain("/a<b>&\"\u{1}"), "/a&lt;b&gt;&amp;&quot;\\u{1}");
    }
}
