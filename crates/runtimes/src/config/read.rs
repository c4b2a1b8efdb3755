//! Walks through a daemon.json and collects values, problems, and keys of others.
//!
//! Nothing is given up at the first fault: a wrong type costs that one member, and
//! everything else is still read and checked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::check::MAX_PATH;
use super::entries::{Config, RuntimeEntry};
use super::known_keys::{Spelling, nearest_member, spelling};
use super::member::{Member, Seen};
use super::problem::{Problem, ProblemKind};
use super::unknown_key::UnknownKey;
use crate::json::Value;
use crate::names::{clipped, shown};

/// How many keys and values a daemon.json may have. Ten thousand wrapper scripts with two
/// arguments have 80 000.
pub const MAX_PARTS: usize = 100_000;

/// How many problems are told of one file. With more, one says that there are more.
pub const MAX_PROBLEMS: usize = 10_000;

/// What was found so far.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) config: Config,
    pub(super) problems: Vec<Problem>,
    /// Keys at the top of the file that belong to others.
    pub(super) others: Vec<(String, Value)>,
    pub(super) unknown: Vec<UnknownKey>,
    /// Entries with an unreadable member. A rule about what they lack would mislead.
    pub(super) broken: BTreeSet<String>,
    pub(super) default_is_broken: bool,
}

impl Reader {
    /// Takes note of a problem. Of very many, one for each runtime is enough: they are not told,
    /// but the runtime is not sound.
    pub(super) fn problem(&mut self, runtime: Option<&str>, kind: ProblemKind, what: String) {
        let last = self.problems.last().map(|last| last.runtime.as_deref());
        if self.problems.len() <= MAX_PROBLEMS || last != Some(runtime) {
            let runtime = runtime.map(|name| self.shared(name));
            self.problems.push(Problem::shared(runtime, kind, &what));
        }
    }

    /// The name, shared with what was noted last if that has the same.
    fn shared(&self, name: &str) -> Arc<str> {
        let problem = self.problems.last().map(|last| &last.runtime);
        let unknown = self.unknown.last().map(|last| &last.runtime);
        let mut noted = [problem, unknown].into_iter().flatten().flatten();
        let noted = noted.find(|noted| ***noted == *name);
        noted.map_or_else(|| Arc::from(name), Arc::clone)
    }

    fn wrong_type(&mut self, runtime: Option<&str>, key: &str, want: &str, value: &Value) {
        let what = format!("{key} must be {want}, not {}", value.type_name());
        self.problem(runtime, ProblemKind::Parse, what);
        if let Some(name) = runtime {
            self.broken.insert(name.to_owned());
        }
    }

    fn repeated(&mut self, runtime: Option<&str>, key: &str) {
        let what = format!("{} appears more than once", shown(key));
        self.problem(runtime, ProblemKind::Duplicate, what);
    }

    /// Reads the text of a whole file.
    pub(super) fn file(&mut self, text: &[u8]) {
        let members = match Value::parse_bounded(text, MAX_PARTS) {
            Ok(Value::Object(members)) => members,
            Ok(other) => return self.wrong_type(None, "daemon.json", "an object", &other),
            Err(error) => return self.problem(None, ProblemKind::Parse, error.to_string()),
        };
        let mut seen = BTreeSet::new();
        for (key, _) in &members {
            if !seen.insert(key) {
                self.repeated(None, key);
            }
        }
        for (key, value) in members {
            match (key.as_str(), value) {
                ("default-runtime" | "runtimes", Value::Null) => {}
                ("default-runtime", Value::String(name)) if name.len() > MAX_PATH => {
                    self.default_is_broken = true;
                    let what = format!("default-runtime is longer than {MAX_PATH} bytes");
                    self.problem(None, ProblemKind::Parse, what);
                }
                ("default-runtime", Value::String(name)) => {
                    self.config.default_runtime = Some(name);
                }
                ("default-runtime", other) => {
                    self.default_is_broken = true;
                    self.wrong_type(None, "default-runtime", "a string", &other);
                }
                ("runtimes", Value::Object(entries)) => self.entries(entries),
                ("runtimes", other) => self.wrong_type(None, "runtimes", "an object", &other),
                (_, value) => self.other(key, value),
            }
        }
    }

    /// Takes note of a key at the top of the file that this crate does not use.
    fn other(&mut self, key: String, value: Value) {
        self.repeated_inside(None, clipped(&key), &value);
        match spelling(&key) {
            Spelling::Known => {}
            Spelling::Misspelt(known) => {
                let what = format!("{key:?} is not a key of daemon.json; {known:?} is");
                self.problem(None, ProblemKind::MisspeltKey, what);
            }
            Spelling::Unknown(nearest) => self.unknown.push(UnknownKey {
                runtime: None,
                key: key.clone(),
                nearest,
            }),
        }
        self.others.push((key, value));
    }

    /// Keys that appear twice in an object at any depth of a value.
    fn repeated_inside(&mut self, runtime: Option<&str>, at: &str, value: &Value) {
        match value {
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    if matches!(item, Value::Array(_) | Value::Object(_)) {
                        self.repeated_inside(runtime, &format!("{at}[{place}]"), item);
                    }
                }
            }
            Value::Object(members) => {
                let mut seen = BTreeSet::new();
                for (key, value) in members {
                    // A long name is shown in part. It is not copied for each member below it.
                    let inner = format!("{at}.{}", clipped(key));
                    if !seen.insert(key) {
                        self.repeated(runtime, &inner);
                    }
                    self.repeated_inside(runtime, clipped(&inner), value);
                }
            }
            _ => {}
        }
    }

    fn entries(&mut self, entries: Vec<(String, Value)>) {
        let mut repeated = BTreeSet::new();
        for (name, value) in entries {
            if name.len() > MAX_PATH {
                let what = format!("its name is longer than {MAX_PATH} bytes");
                self.problem(Some(&name), ProblemKind::Parse, what);
                continue;
            }
            let entry = self.entry(&name, value);
            match self.config.runtimes.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(entry);
                }
                Entry::Occupied(mut place) => {
                    place.insert(entry);
                    repeated.insert(place.key().clone());
                }
            }
        }
        for name in repeated {
            let what = "is defined more than once".to_owned();
            self.problem(Some(&name), ProblemKind::Duplicate, what);
        }
    }

    fn entry(&mut self, name: &str, value: Value) -> RuntimeEntry {
        let mut entry = RuntimeEntry::default();
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return entry,
            other => {
                self.wrong_type(Some(name), "the entry", "an object", &other);
                return entry;
            }
        };
        let mut seen = Seen::default();
        for (key, value) in members {
            let member = Member::named(&key);
            if !seen.insert(member, &key) {
                self.repeated(Some(name), &key);
            }
            match member {
                Some(member) => self.member(name, &mut entry, member, value),
                None => self.unknown_member(name, key, &value),
            }
        }
        entry
    }

    fn member(&mut self, name: &str, entry: &mut RuntimeEntry, member: Member, value: Value) {
        match (member, value) {
            (_, Value::Null) => {}
            (Member::Path, Value::String(path)) => {
                entry.path = Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
            }
            (Member::Type, Value::String(shim)) => {
                entry.runtime_type = Some(shim).filter(|shim| !shim.is_empty());
            }
            (Member::Args, Value::Array(args)) => entry.runtime_args = self.args(name, args),
            (Member::Options, Value::Object(options)) => {
                entry.options = self.options(name, options);
            }
            (Member::Options, other) => {
                let what = format!("options must be an object, not {}", other.type_name());
                self.problem(Some(name), ProblemKind::BadOptions, what);
            }
            (Member::Path, other) => self.wrong_type(Some(name), "path", "a string", &other),
            (Member::Type, other) => self.wrong_type(Some(name), "runtimeType", "a string", &other),
            (Member::Args, other) => {
                self.wrong_type(Some(name), "runtimeArgs", "an array of strings", &other);
            }
        }
    }

    fn unknown_member(&mut self, name: &str, key: String, value: &Value) {
        self.repeated_inside(Some(name), clipped(&key), value);
        if self.unknown.len() < MAX_PROBLEMS {
            self.unknown.push(UnknownKey {
                runtime: Some(self.shared(name)),
                nearest: nearest_member(&key),
                key,
            });
        }
    }

    fn args(&mut self, name: &str, args: Vec<Value>) -> Vec<OsString> {
        let mut words = Vec::with_capacity(args.len());
        for (place, arg) in args.into_iter().enumerate() {
            match arg {
                Value::String(word) => words.push(word.into()),
                other => {
                    let key = format!("runtimeArgs[{place}]");
                    self.wrong_type(Some(name), &key, "a string", &other);
                }
            }
        }
        words
    }

    fn options(&mut self, name: &str, members: Vec<(String, Value)>) -> BTreeMap<String, Value> {
        let mut options = BTreeMap::new();
        for (key, value) in members {
            let place = format!("options.{}", clipped(&key));
            self.repeated_inside(Some(name), &place, &value);
            if options.insert(key, value).is_some() {
                self.repeated(Some(name), &place);
            }
        }
        options
    }
}
