//! The keys of one table of the file.

use super::bad::BadEngines;
use crate::tree::{Node, Value};

/// One table, whose keys are all known.
pub(super) struct Fields<'n>(&'n Node);

impl<'n> Fields<'n> {
    /// Takes a node as a table that has only these keys.
    pub(super) fn of(node: &'n Node, what: &str, keys: &[&str]) -> Result<Self, BadEngines> {
        let Value::Table(entries) = &node.value else {
            let kind = node.kind();
            return Err(BadEngines::at(
                node.line,
                format!("{what} is {kind}, not a table"),
            ));
        };
        for (key, value) in entries {
            if !keys.contains(&key.as_str()) {
                let known = keys.join(", ");
                let why = format!("{what} has the unknown key {key:?}; known are {known}");
                return Err(BadEngines::at(value.line, why));
            }
        }
        Ok(Self(node))
    }

    pub(super) fn line(&self) -> usize {
        self.0.line
    }

    /// The line of a key, or the line of the table if the key is not there.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.0.get(key).map_or(self.0.line, |node| node.line)
    }

    /// A text that must be there and not be empty.
    pub(super) fn required(&self, key: &str) -> Result<String, BadEngines> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| BadEngines::at(self.line_of(key), format!("{key} is missing or empty")))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, BadEngines> {
        match self.0.get(key).map(|node| (&node.value, node)) {
            None => Ok(None),
            Some((Value::Text(text), _)) => Ok(Some(text.clone())),
            Some((_, node)) => Err(wrong(key, node, "a text")),
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, BadEngines> {
        match self.0.get(key).map(|node| (&node.value, node)) {
            None => Ok(false),
            Some((Value::Bool(value), _)) => Ok(*value),
            Some((_, node)) => Err(wrong(key, node, "true or false")),
        }
    }

    /// The nodes of a list; empty if the key is not there.
    pub(super) fn list(&self, key: &str) -> Result<&'n [Node], BadEngines> {
        match self.0.get(key).map(|node| (&node.value, node)) {
            None => Ok(&[]),
            Some((Value::List(list), _)) => Ok(list),
            Some((_, node)) => Err(wrong(key, node, "a list")),
        }
    }

    /// The texts of a list, each with its line.
    pub(super) fn lines(&self, key: &str) -> Result<Vec<(String, usize)>, BadEngines> {
        let text = |node: &Node| match &node.value {
            Value::Text(text) if !text.is_empty() => Ok((text.clone(), node.line)),
            _ => Err(wrong(key, node, "a list of texts")),
        };
        self.list(key)?.iter().map(text).collect()
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, BadEngines> {
        let lines = self.lines(key)?;
        Ok(lines.into_iter().map(|(text, _)| text).collect())
    }
}

fn wrong(key: &str, node: &Node, wanted: &str) -> BadEngines {
    let kind = node.kind();
    BadEngines::at(node.line, format!("{key} must be {wanted}; here is {kind}"))
}
