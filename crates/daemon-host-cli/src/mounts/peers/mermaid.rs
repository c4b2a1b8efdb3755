//! Writes the picture as Mermaid text. Pure.

use std::fmt::Write as _;

use super::picture::{Link, Wheel, shown};

pub(super) fn draw(wheels: &[Wheel]) -> String {
    let mut text = String::from("graph LR\n");
    for (number, wheel) in wheels.iter().enumerate() {
        node(&mut text, &format!("h{number}"), &wheel.hub);
        for (place, spoke) in wheel.spokes.iter().enumerate() {
            let name = format!("h{number}s{place}");
            node(&mut text, &name, &spoke.lines);
            let (from, arrow, to) = match spoke.link {
                Link::Both => (format!("h{number}"), "<-->", name),
                Link::Out => (format!("h{number}"), "-->", name),
                Link::In => (name, "-->", format!("h{number}")),
                Link::Cut => (format!("h{number}"), "-.-x", name),
            };
            let word = match spoke.word.as_str() {
                "" => String::new(),
                word => format!("|\"{}\"|", plain(word)),
            };
            writeln!(text, "  {from} {arrow}{word} {to}").expect("writing to a String cannot fail");
        }
    }
    text
}

fn node(text: &mut String, name: &str, lines: &[String]) {
    let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    let label = lines.join("<br/>");
    writeln!(text, "  {name}[\"{label}\"]").expect("writing to a String cannot fail");
}

/// Makes text safe: it ends no label and is no markup, whatever a path contains.
fn plain(text: &str) -> String {
    shown(text, |char| match char {
        '"' | '<' | '>' | '&' | '#' | '`' | ';' => Some(format!("#{};", u32::from(char))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_end_its_label() {
        assert_eq!(plain("/a\"]<b>\n"), "/a#34;]#60;b#62;\\n");
    }
}
