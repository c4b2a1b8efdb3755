//! Parses the text of a file into engines.

use super::bad::BadEngines;
use super::fields::Fields;
use crate::engine::{Engine, Fate, Place, Root, RootAt, Rule, Shape, Store};
use crate::tree::{Format, Node, parse};

const ENGINE: &[&str] = &[
    "name",
    "aliases",
    "about",
    "processes",
    "config-flags",
    "store",
    "root",
    "place",
];
const ROOT: &[&str] = &["name", "flags", "keys", "nested", "shared", "rule"];
const RULE: &[&str] = &["shape", "fate", "what", "work"];
const PLACE: &[&str] = &[
    "name",
    "root",
    "configs",
    "pid-files",
    "sockets",
    "states",
    "bundles",
];
const ROOT_AT: &[&str] = &["root", "paths"];

/// The engines of a text.
pub(super) fn read(text: &[u8], format: Format) -> Result<Vec<Engine>, BadEngines> {
    let tree = parse(text, format).map_err(|fault| BadEngines::at(fault.line, fault.what))?;
    let whole = Fields::of(&tree, "the file", &["engine"])?;
    let engines = whole.list("engine")?;
    if engines.is_empty() {
        return Err(BadEngines::at(1, "there is no engine in it"));
    }
    engines.iter().map(engine).collect()
}

fn engine(node: &Node) -> Result<Engine, BadEngines> {
    let fields = Fields::of(node, "engine", ENGINE)?;
    let mut engine = Engine::new(fields.required("name")?);
    engine.aliases = fields.texts("aliases")?;
    engine.about = fields.text("about")?.unwrap_or_default();
    engine.processes = fields.texts("processes")?;
    engine.config_flags = fields.texts("config-flags")?;
    engine.store = match fields.text("store")? {
        None => Store::None,
        Some(word) => {
            let store = Store::ALL.into_iter().find(|store| store.as_str() == word);
            let known = Store::ALL.map(Store::as_str).join(", ");
            let line = fields.line_of("store");
            let why = || BadEngines::at(line, format!("store {word:?}; known are {known}"));
            store.ok_or_else(why)?
        }
    };
    for node in fields.list("root")? {
        let root = root(node)?;
        if engine.root(&root.name).is_some() {
            let why = format!("the root {:?} stands twice", root.name);
            return Err(BadEngines::at(node.line, why));
        }
        engine.roots.push(root);
    }
    for node in fields.list("place")? {
        let place = place(node, &engine)?;
        engine.places.push(place);
    }
    if engine.roots.is_empty() || engine.places.is_empty() {
        let why = format!("engine {:?} needs a root and a place", engine.name);
        return Err(BadEngines::at(fields.line(), why));
    }
    Ok(engine)
}

fn root(node: &Node) -> Result<Root, BadEngines> {
    let fields = Fields::of(node, "root", ROOT)?;
    let mut root = Root::new(fields.required("name")?);
    root.flags = fields.texts("flags")?;
    root.keys = fields.texts("keys")?;
    root.nested = shapes(&fields, "nested")?;
    root.is_shared = fields.flag("shared")?;
    for node in fields.list("rule")? {
        root.rules.push(rule(node)?);
    }
    Ok(root)
}

fn rule(node: &Node) -> Result<Rule, BadEngines> {
    let fields = Fields::of(node, "rule", RULE)?;
    let text = fields.required("shape")?;
    let shape = shape(&text, fields.line_of("shape"))?;
    let word = fields.required("fate")?;
    let fate = Fate::ALL.into_iter().find(|fate| fate.as_str() == word);
    let known = Fate::ALL.map(Fate::as_str).join(", ");
    let line = fields.line_of("fate");
    let fate =
        fate.ok_or_else(|| BadEngines::at(line, format!("fate {word:?}; known are {known}")))?;
    let is_anything = text.starts_with('<')
        && text
            .split('<')
            .nth(1)
            .is_some_and(|word| matches!(word, "path>" | "name>"));
    let why = if text.starts_with('/') {
        "is relative to the root: it has no slash in front"
    } else if fate == Fate::Sweep && is_anything && !text.contains('/') {
        "would sweep whatever is mounted there"
    } else {
        let mut rule = Rule::new(shape, fate, fields.required("what")?);
        rule.is_work = fields.flag("work")?;
        return Ok(rule);
    };
    let line = fields.line_of("shape");
    Err(BadEngines::at(line, format!("shape {text:?} {why}")))
}

fn place(node: &Node, engine: &Engine) -> Result<Place, BadEngines> {
    let fields = Fields::of(node, "place", PLACE)?;
    let mut place = Place::new(fields.required("name")?);
    for node in fields.list("root")? {
        let fields = Fields::of(node, "root of a place", ROOT_AT)?;
        let root = fields.required("root")?;
        if engine.root(&root).is_none() {
            let line = fields.line_of("root");
            return Err(BadEngines::at(
                line,
                format!("no root has the name {root:?}"),
            ));
        }
        for (text, line) in fields.lines("paths")? {
            absolute(&text, line)?;
        }
        let paths = shapes(&fields, "paths")?;
        place.roots.push(RootAt { root, paths });
    }
    place.configs = paths(&fields, "configs", engine)?;
    place.pid_files = paths(&fields, "pid-files", engine)?;
    place.sockets = paths(&fields, "sockets", engine)?;
    place.states = paths(&fields, "states", engine)?;
    place.bundles = paths(&fields, "bundles", engine)?;
    Ok(place)
}

/// Paths that may begin with a root in braces.
fn paths(fields: &Fields<'_>, key: &str, engine: &Engine) -> Result<Vec<String>, BadEngines> {
    let lines = fields.lines(key)?;
    for (text, line) in &lines {
        let Some((root, _)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
            absolute(text, *line)?;
            continue;
        };
        if engine.root(root).is_none() {
            return Err(BadEngines::at(
                *line,
                format!("no root has the name {root:?}"),
            ));
        }
    }
    Ok(lines.into_iter().map(|(text, _)| text).collect())
}

fn absolute(text: &str, line: usize) -> Result<(), BadEngines> {
    let is_plain = text.starts_with('/') && !text.split('/').any(|one| one == "..");
    let why = || BadEngines::at(line, format!("{text:?} is not an absolute path"));
    is_plain.then_some(()).ok_or_else(why)
}

fn shapes(fields: &Fields<'_>, key: &str) -> Result<Vec<Shape>, BadEngines> {
    let lines = fields.lines(key)?.into_iter();
    lines.map(|(text, line)| shape(&text, line)).collect()
}

fn shape(text: &str, line: usize) -> Result<Shape, BadEngines> {
    text.parse()
        .map_err(|bad: crate::engine::BadShape| BadEngines::at(line, bad.to_string()))
}
