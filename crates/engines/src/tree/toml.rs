//! Parses TOML into a tree.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::fault::Fault;
use super::node::{Node, Value, line_of};

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        what: error
            .message()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    })?;
    Ok(Node {
        line: 1,
        value: entries(table.get_ref(), text),
    })
}

fn entries(table: &DeTable<'_>, text: &str) -> Value {
    let entries = table.iter().map(|(key, value)| {
        let key = key.get_ref().to_string();
        (key, node(value, text))
    });
    Value::Table(entries.collect())
}

fn node(spanned: &Spanned<DeValue<'_>>, text: &str) -> Node {
    let value = match spanned.get_ref() {
        DeValue::String(own) => Value::Text(own.to_string()),
        DeValue::Boolean(own) => Value::Bool(*own),
        DeValue::Array(list) => Value::List(list.iter().map(|own| node(own, text)).collect()),
        DeValue::Table(table) => entries(table, text),
        _ => Value::Other,
    };
    let line = line_of(text, spanned.span().start);
    Node { value, line }
}
