//! Parses JSON into a tree.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::node::{Node, Value, line_of};

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| fault(&error))?;
    node(whole, text)
}

/// Each raw value is a slice of `text`, so its address gives its position in the text.
fn node(raw: &RawValue, text: &str) -> Result<Node, Fault> {
    let own = raw.get();
    let at = own.as_ptr() as usize - text.as_ptr() as usize;
    let line = line_of(text, at);
    let again = |error: serde_json::Error| Fault {
        line,
        ..fault(&error)
    };
    let value = match own.as_bytes().first() {
        Some(b'"') => Value::Text(serde_json::from_str(own).map_err(again)?),
        Some(b't' | b'f') => Value::Bool(own == "true"),
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(own).map_err(again)?;
            let nodes = list.into_iter().map(|raw| node(raw, text));
            Value::List(nodes.collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(own).map_err(again)?;
            table(entries, text)?
        }
        _ => Value::Other,
    };
    Ok(Node { value, line })
}

fn table(entries: Vec<(String, &RawValue)>, text: &str) -> Result<Value, Fault> {
    let mut table: Vec<(String, Node)> = Vec::with_capacity(entries.len());
    for (key, raw) in entries {
        let node = node(raw, text)?;
        if table.iter().any(|(own, _)| *own == key) {
            let what = format!("the key {key:?} stands twice");
            let line = node.line;
            return Err(Fault { line, what });
        }
        table.push((key, node));
    }
    Ok(Value::Table(table))
}

fn fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    Fault {
        line: error.line(),
        what: what.to_owned(),
    }
}

/// All entries of an object. Entries with equal keys are all kept, so that a fault can be found.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Entries<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'t> Visitor<'t> for Reader {
            type Value = Entries<'t>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
