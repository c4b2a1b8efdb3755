//! The part of YAML that k3s needs: `key: value` at the left edge. All other lines are skipped.

use super::node::{Node, Value};

pub(super) fn parse(text: &str) -> Node {
    let lines = text.lines().zip(1..);
    let entries = lines.filter_map(|(text, line)| {
        let (key, value) = text.split_once(':')?;
        let is_plain = !key.is_empty() && !key.starts_with([' ', '\t', '#', '-']);
        let value = Value::Text(scalar(value)?);
        is_plain.then(|| (key.trim_end().to_owned(), Node { value, line }))
    });
    let value = Value::Table(entries.collect());
    Node { value, line: 1 }
}

/// A value without its quotes and without the comment after it; `None` if the line has no value.
fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split_once(quote).map(|(own, _)| own.to_owned());
        }
    }
    let own = text.split(" #").next().unwrap_or(text).trim_end();
    (!own.is_empty() && !own.starts_with('#')).then(|| own.to_owned())
}
