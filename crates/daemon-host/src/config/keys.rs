//! Reads the values of the keys that concern the host, and finds their problems. Pure.

use std::net::IpAddr;
use std::path::PathBuf;

use runtimes::{Problem, ProblemKind, Value};

/// A longer string is not repeated in a message.
const LONGEST: usize = 200;

/// Looks up known keys in the file. Each value that does not fit becomes one problem.
///
/// The values are borrowed: a file may be large, and most of it is not for the host.
pub(super) struct Keys<'m> {
    members: &'m [(String, Value)],
    /// The keys that were asked for.
    asked: Vec<&'static str>,
    pub(super) problems: Vec<Problem>,
}

impl<'m> Keys<'m> {
    pub(super) fn new(members: &'m [(String, Value)], problems: Vec<Problem>) -> Self {
        Self {
            members,
            asked: Vec::new(),
            problems,
        }
    }

    /// The keys that were asked for, and everything that is wrong.
    pub(super) fn end(self) -> (Vec<&'static str>, Vec<Problem>) {
        (self.asked, self.problems)
    }

    /// The value of a key. `null` counts as absent, as in Docker. For a repeated key it is the
    /// last value; the repetition is a problem already.
    fn take(&mut self, key: &'static str) -> Option<&'m Value> {
        self.asked.push(key);
        let mut members = self.members.iter().rev();
        let (_, value) = members.find(|(own, _)| own == key)?;
        (*value != Value::Null).then_some(value)
    }

    fn wrong(&mut self, key: &str, wanted: &str, value: &Value) {
        let shown = match value {
            Value::String(text) if text.len() > LONGEST => "such a long string".to_owned(),
            Value::Array(_) | Value::Object(_) => format!("an {}", value.type_name()),
            value => value.to_json(),
        };
        let what = format!("{key} must be {wanted}, not {shown}");
        self.problems
            .push(Problem::new(None, ProblemKind::Parse, &what));
    }

    pub(super) fn bool(&mut self, key: &'static str, into: &mut bool) {
        match self.take(key) {
            None => {}
            Some(Value::Bool(value)) => *into = *value,
            Some(value) => self.wrong(key, "true or false", value),
        }
    }

    pub(super) fn optional_path(&mut self, key: &'static str) -> Option<PathBuf> {
        match self.take(key)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) if is_path(text) => Some(PathBuf::from(text)),
            value => {
                self.wrong(key, "an absolute path", value);
                None
            }
        }
    }

    pub(super) fn path(&mut self, key: &'static str, into: &mut PathBuf) {
        if let Some(path) = self.optional_path(key) {
            *into = path;
        }
    }

    pub(super) fn strings(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let strings = match value {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        strings.unwrap_or_else(|| {
            self.wrong(key, "a list of strings", value);
            Vec::new()
        })
    }

    pub(super) fn addresses(&mut self, key: &'static str) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for text in self.strings(key) {
            match text.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => self.wrong(key, "a list of IP addresses", &Value::String(text)),
            }
        }
        addresses
    }
}

/// Whether the kernel takes it as an absolute path.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains('\0') && text.len() < 4096
}
