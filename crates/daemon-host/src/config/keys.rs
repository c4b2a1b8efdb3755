//! Reads the values of the keys that concern the host, and finds their problems. Pure.

use std::net::IpAddr;
use std::path::PathBuf;

use runtimes::{Problem, ProblemKind, Value};

/// Takes known keys out of the file. Each value that does not fit becomes one problem.
pub(super) struct Keys {
    pub(super) members: Vec<(String, Value)>,
    pub(super) problems: Vec<Problem>,
}

impl Keys {
    /// The value of a key. `null` counts as absent, as in Docker. For a repeated key it is the
    /// last value; the repetition is a problem already.
    fn take(&mut self, key: &str) -> Option<Value> {
        let mut taken = None;
        for place in (0..self.members.len()).rev() {
            if self.members[place].0 == key {
                let (_, value) = self.members.remove(place);
                taken = taken.or(Some(value));
            }
        }
        taken.filter(|value| !matches!(value, Value::Null))
    }

    fn wrong(&mut self, key: &str, wanted: &str, value: &Value) {
        let what = format!("{key} must be {wanted}, not {}", value.to_json());
        self.problems
            .push(Problem::new(None, ProblemKind::Parse, &what));
    }

    pub(super) fn bool(&mut self, key: &str, into: &mut bool) {
        match self.take(key) {
            None => {}
            Some(Value::Bool(value)) => *into = value,
            Some(value) => self.wrong(key, "true or false", &value),
        }
    }

    pub(super) fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        match self.take(key)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) if text.starts_with('/') && !text.contains('\0') => {
                Some(PathBuf::from(text))
            }
            value => {
                self.wrong(key, "an absolute path", &value);
                None
            }
        }
    }

    pub(super) fn path(&mut self, key: &str, into: &mut PathBuf) {
        if let Some(path) = self.optional_path(key) {
            *into = path;
        }
    }

    pub(super) fn strings(&mut self, key: &str) -> Vec<String> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let strings = match &value {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        strings.unwrap_or_else(|| {
            self.wrong(key, "a list of strings", &value);
            Vec::new()
        })
    }

    pub(super) fn addresses(&mut self, key: &str) -> Vec<IpAddr> {
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
