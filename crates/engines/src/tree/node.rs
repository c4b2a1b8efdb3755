//! A value and its line in the text.

/// A value, and where it begins in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// The kinds of values in configuration files that this crate asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Bool(bool),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    /// A number, a date or null. This crate never asks for one.
    Other,
}

impl Node {
    /// The value of a key; `None` if the key is missing or this is not a table.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Table(entries) = &self.value else {
            return None;
        };
        let found = entries.iter().find(|(own, _)| own == key);
        found.map(|(_, node)| node)
    }

    /// The value at a path of keys, with a dot between two keys.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// The word for what it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other => "something else",
        }
    }
}

/// The line of a position, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}
