//! Clean-up rules of a daemon's own: regular expressions between anchors. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::error::{Error, ErrorKind};
use crate::liveness::container_key::ContainerKey;

#[derive(Debug, Clone)]
pub(super) struct Custom {
    /// What to call each rule.
    pub(super) names: Vec<String>,
    pub(super) patterns: Vec<String>,
    pub(super) set: RegexSet,
    /// Of the rules that name the id in the path: the expression that finds it.
    naming: Vec<Option<Regex>>,
}

/// The groups of a custom rule that say which part of a path is the id, and which the namespace.
const ID_GROUP: &str = "id";
const NAMESPACE_GROUP: &str = "namespace";

impl Custom {
    pub(super) fn named(&self, rule: usize, path: &[u8]) -> Option<ContainerKey> {
        let groups = self.naming[rule].as_ref()?.captures(path)?;
        let text = |name| {
            let group = groups.name(name)?;
            Some(OsStr::from_bytes(group.as_bytes()).to_owned())
        };
        Some(ContainerKey {
            namespace: text(NAMESPACE_GROUP),
            id: text(ID_GROUP)?,
        })
    }

    pub(super) fn compile(names: Vec<String>, patterns: Vec<String>) -> Result<Self, Error> {
        let anchored = patterns
            .iter()
            .map(|p| anchor(p))
            .collect::<Result<Vec<_>, _>>()?;
        let set = RegexSetBuilder::new(&anchored)
            .unicode(false)
            .build()
            .map_err(|e| bad_rule(&patterns.join(", "), &one_line(&e)))?;
        if let Some(i) = set.matches(b"").iter().next() {
            return Err(bad_rule(&patterns[i], "it would match the root itself"));
        }
        let naming = anchored.iter().map(|pattern| naming(pattern));
        Ok(Self {
            naming: naming.collect(),
            names,
            patterns,
            set,
        })
    }
}

/// The expression of a rule that names the id; `None` if it names none.
fn naming(anchored: &str) -> Option<Regex> {
    let regex = RegexBuilder::new(anchored).unicode(false).build().ok()?;
    let is_naming = regex.capture_names().flatten().any(|name| name == ID_GROUP);
    is_naming.then_some(regex)
}

/// Puts the pattern between anchors. They hold whatever flags the pattern sets.
fn anchor(pattern: &str) -> Result<String, Error> {
    // Alone first: `a)|(b` is ill-formed, but would compile between the anchors.
    compile(pattern).map_err(|e| bad_rule(pattern, &e))?;
    let plain = format!(r"\A(?:{pattern})\z");
    if compile(&plain).is_ok() {
        return Ok(plain);
    }
    // A comment of `(?x)` mode swallowed the closing anchor; a newline ends it.
    let commented = format!("\\A(?:{pattern}\n)\\z");
    compile(&commented)
        .map(|()| commented)
        .map_err(|e| bad_rule(pattern, &e))
}

fn compile(pattern: &str) -> Result<(), String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .map(drop)
        .map_err(|e| one_line(&e))
}

/// The last line of a regex error says what is wrong; the others draw it.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn bad_rule(pattern: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::BadRule,
        format!("clean-up rule {pattern:?}: {why}"),
    )
}
