//! The runtimes half of daemon.json: text in, values and problems out.
//!
//! Nothing is given up at the first fault: a wrong type costs that one member, and
//! everything else is still read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use super::check::{Problem, ProblemKind, check, sort};
use crate::json::Value;

/// The part of daemon.json that this crate reads.
///
/// Build it from text with [`Config::parse`], or by hand; [`Config::validate`] checks
/// what was built by hand.
///
/// An absent key and its empty value mean the same: no runtimes of one's own, and `runc`
/// by default. So a reload of a file without a key puts the default back.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// `default-runtime`: used when a container names none. `None` is `runc`.
    pub default_runtime: Option<String>,
    /// `runtimes`, by name. Any text can be a name, except the reserved ones.
    pub runtimes: BTreeMap<String, RuntimeEntry>,
}

/// One entry of `runtimes`: either a program, or a containerd shim.
///
/// JSON can only hold Unicode text; path and arguments set here may be any bytes but NUL.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RuntimeEntry {
    /// `path`: the program; absolute, or a bare name to be looked up in `PATH`.
    pub path: Option<PathBuf>,
    /// `runtimeArgs`: words put before the caller's. They make the entry a wrapper script.
    pub runtime_args: Vec<OsString>,
    /// `runtimeType`: name or path of a containerd shim, instead of a program.
    pub runtime_type: Option<String>,
    /// `options` for the shim, as written.
    pub options: BTreeMap<String, Value>,
}

impl RuntimeEntry {
    /// An entry for a program.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            ..Self::default()
        }
    }

    /// An entry for a program with arguments of its own.
    pub fn wrapper<A: Into<OsString>>(
        path: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let runtime_args = args.into_iter().map(Into::into).collect();
        Self {
            path: Some(path.into()),
            runtime_args,
            ..Self::default()
        }
    }

    /// An entry for a containerd shim, without options.
    pub fn shim(runtime_type: impl Into<String>) -> Self {
        Self {
            runtime_type: Some(runtime_type.into()),
            ..Self::default()
        }
    }
}

/// What [`Config::parse`] found.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// Every entry that could be read. Those with problems of rule are among them.
    pub config: Config,
    /// All problems, sorted by runtime name; those of the file as a whole come first.
    pub problems: Vec<Problem>,
    /// Keys that this crate does not know, with their values. Not a problem: most of
    /// daemon.json belongs to others.
    pub unknown: Vec<UnknownKey>,
}

/// A key of daemon.json that nothing here reads.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownKey {
    /// The entry of `runtimes` that holds it; `None` at the top of the file.
    pub runtime: Option<String>,
    /// The key; one inside `options` is given as `options.<key>`.
    pub key: String,
    /// Its value.
    pub value: Value,
}

impl Config {
    /// Parses the text of daemon.json and checks it; never fails, see [`Parsed::problems`].
    ///
    /// Blank text is an empty configuration. A byte order mark is accepted, and with one
    /// also UTF-16, as Windows editors write it.
    ///
    /// # Examples
    ///
    /// ```
    /// let parsed = runtimes::Config::parse(br#"{"runtimes": {"b": {}, "a": {"path": 5}}}"#);
    /// let found: Vec<_> = parsed.problems.iter().map(|p| (p.runtime.as_deref(), p.kind.as_str())).collect();
    /// assert_eq!(found, [(Some("a"), "parse"), (Some("b"), "needs-path-or-type")]);
    /// ```
    pub fn parse(text: &[u8]) -> Parsed {
        let mut reader = Reader::default();
        match decode(text) {
            Some(text) if text.trim_ascii().is_empty() => {}
            Some(text) => reader.file(&text),
            None => reader.problem(None, ProblemKind::Parse, "the text is not UTF-16".into()),
        }
        let Reader {
            mut parsed,
            broken,
            default_is_broken,
        } = reader;
        let (problems, unknown) = check(&parsed.config, &broken, default_is_broken);
        parsed.problems.extend(problems);
        parsed.unknown.extend(unknown);
        sort(&mut parsed.problems);
        parsed
    }

    /// Checks a configuration by all rules; empty when it is sound.
    ///
    /// The answer is sorted by runtime name, and says everything at once.
    pub fn validate(&self) -> Vec<Problem> {
        let (mut problems, _) = check(self, &BTreeSet::new(), false);
        sort(&mut problems);
        problems
    }
}

/// UTF-8 bytes of the text, whatever its byte order mark says; `None` for broken UTF-16.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let from_units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        let whole = bytes.len() % 2 == 0;
        String::from_utf16(&units)
            .ok()
            .filter(|_| whole)
            .map(String::into_bytes)
    };
    match text {
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(rest.to_vec()),
        [0xff, 0xfe, rest @ ..] => from_units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => from_units(rest, u16::from_be_bytes),
        _ => Some(text.to_vec()),
    }
}

/// Gathers values and problems while it walks down the file.
#[derive(Default)]
struct Reader {
    parsed: Parsed,
    /// Entries with an unreadable member: rules about what they lack would mislead.
    broken: BTreeSet<String>,
    default_is_broken: bool,
}

impl Reader {
    fn problem(&mut self, runtime: Option<&str>, kind: ProblemKind, what: String) {
        self.parsed
            .problems
            .push(Problem::new(runtime, kind, &what));
    }

    fn wrong_type(&mut self, runtime: Option<&str>, key: &str, want: &str, value: &Value) {
        let what = format!("{key} must be {want}, not {}", value.type_name());
        self.problem(runtime, ProblemKind::Parse, what);
        if let Some(name) = runtime {
            self.broken.insert(name.to_owned());
        }
    }

    fn file(&mut self, text: &[u8]) {
        let members = match Value::parse(text) {
            Ok(Value::Object(members)) => members,
            Ok(other) => return self.wrong_type(None, "daemon.json", "an object", &other),
            Err(error) => return self.problem(None, ProblemKind::Parse, error.to_string()),
        };
        let mut seen = BTreeSet::new();
        for (key, value) in members {
            let ours = matches!(key.as_str(), "default-runtime" | "runtimes");
            if ours && !seen.insert(key.clone()) {
                let what = format!("{key:?} appears more than once");
                self.problem(None, ProblemKind::Duplicate, what);
            }
            match (key.as_str(), value) {
                ("default-runtime" | "runtimes", Value::Null) => {}
                ("default-runtime", Value::String(name)) => {
                    self.parsed.config.default_runtime = Some(name);
                }
                ("default-runtime", other) => {
                    self.default_is_broken = true;
                    self.wrong_type(None, "default-runtime", "a string", &other);
                }
                ("runtimes", Value::Object(entries)) => self.entries(entries),
                ("runtimes", other) => self.wrong_type(None, "runtimes", "an object", &other),
                (_, value) => self.unknown(None, key, value),
            }
        }
    }

    fn unknown(&mut self, runtime: Option<&str>, key: String, value: Value) {
        let runtime = runtime.map(str::to_owned);
        self.parsed.unknown.push(UnknownKey {
            runtime,
            key,
            value,
        });
    }

    fn entries(&mut self, entries: Vec<(String, Value)>) {
        let mut repeated = BTreeSet::new();
        for (name, value) in entries {
            let entry = self.entry(&name, value);
            let known = self
                .parsed
                .config
                .runtimes
                .insert(name.clone(), entry)
                .is_some();
            if known && repeated.insert(name.clone()) {
                let what = "is defined more than once".to_owned();
                self.problem(Some(&name), ProblemKind::Duplicate, what);
            }
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
        let mut seen = BTreeSet::new();
        for (key, value) in members {
            // moby's decoder matches the members of an entry without regard to case.
            let folded = key.to_lowercase();
            let ours = matches!(&*folded, "path" | "runtimeargs" | "runtimetype" | "options");
            if ours && !seen.insert(folded.clone()) {
                let what = format!("{key:?} appears more than once");
                self.problem(Some(name), ProblemKind::Duplicate, what);
            }
            match (folded.as_str(), value) {
                ("path" | "runtimeargs" | "runtimetype" | "options", Value::Null) => {}
                ("path", Value::String(path)) => {
                    entry.path = Some(path)
                        .filter(|path| !path.is_empty())
                        .map(PathBuf::from);
                }
                ("runtimetype", Value::String(shim)) => {
                    entry.runtime_type = Some(shim).filter(|shim| !shim.is_empty());
                }
                ("runtimeargs", Value::Array(args)) => entry.runtime_args = self.args(name, args),
                ("options", Value::Object(options)) => entry.options = self.options(name, options),
                ("options", other) => {
                    let what = format!("options must be an object, not {}", other.type_name());
                    self.problem(Some(name), ProblemKind::BadOptions, what);
                }
                ("path", other) => self.wrong_type(Some(name), "path", "a string", &other),
                ("runtimetype", other) => {
                    self.wrong_type(Some(name), "runtimeType", "a string", &other);
                }
                ("runtimeargs", other) => {
                    self.wrong_type(Some(name), "runtimeArgs", "an array of strings", &other);
                }
                (_, value) => self.unknown(Some(name), key, value),
            }
        }
        entry
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
            if options.insert(key.clone(), value).is_some() {
                let what = format!("options.{key:?} appears more than once");
                self.problem(Some(name), ProblemKind::Duplicate, what);
            }
        }
        options
    }
}
