//! Writes engines as the text of a file.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::engine::{Engine, Place, Root};

impl Engine {
    /// Writes engines as TOML, in the form that [`Engine::from_file`] reads.
    pub fn to_toml(engines: &[Self]) -> String {
        let mut text = String::new();
        for engine in engines {
            table(&mut text, "engine");
            line(&mut text, "name", &json!(engine.name));
            line(&mut text, "aliases", &json!(engine.aliases));
            line(&mut text, "about", &json!(engine.about));
            line(&mut text, "processes", &json!(engine.processes));
            line(&mut text, "config-flags", &json!(engine.config_flags));
            line(&mut text, "store", &json!(engine.store.as_str()));
            engine
                .roots
                .iter()
                .for_each(|root| write_root(&mut text, root));
            engine
                .places
                .iter()
                .for_each(|place| write_place(&mut text, place));
        }
        text
    }

    /// Writes engines as JSON, in the form that [`Engine::from_file`] reads.
    pub fn to_json(engines: &[Self]) -> Value {
        let engines: Vec<Value> = engines.iter().map(as_value).collect();
        json!({ "engine": engines })
    }
}

fn table(text: &mut String, name: &str) {
    let blank = if text.is_empty() { "" } else { "\n" };
    writeln!(text, "{blank}[[{name}]]").expect("writing to a String cannot fail");
}

/// Writes one key, unless its value is empty. A text or a list of texts looks the same in TOML and
/// in JSON.
fn line(text: &mut String, key: &str, value: &Value) {
    let is_empty = match value {
        Value::Array(list) => list.is_empty(),
        Value::String(own) => own.is_empty(),
        Value::Bool(own) => !own,
        _ => true,
    };
    if !is_empty {
        writeln!(text, "{key} = {value}").expect("writing to a String cannot fail");
    }
}

fn write_root(text: &mut String, root: &Root) {
    table(text, "engine.root");
    let value = root_value(root);
    for key in ["name", "flags", "keys", "nested", "shared"] {
        line(text, key, &value[key]);
    }
    for rule in value["rule"].as_array().into_iter().flatten() {
        table(text, "engine.root.rule");
        for key in ["shape", "fate", "what", "work"] {
            line(text, key, &rule[key]);
        }
    }
}

fn write_place(text: &mut String, place: &Place) {
    table(text, "engine.place");
    let value = place_value(place);
    for key in [
        "name",
        "configs",
        "pid-files",
        "sockets",
        "states",
        "bundles",
    ] {
        line(text, key, &value[key]);
    }
    for at in value["root"].as_array().into_iter().flatten() {
        table(text, "engine.place.root");
        line(text, "root", &at["root"]);
        line(text, "paths", &at["paths"]);
    }
}

fn as_value(engine: &Engine) -> Value {
    json!({
        "name": engine.name,
        "aliases": engine.aliases,
        "about": engine.about,
        "processes": engine.processes,
        "config-flags": engine.config_flags,
        "store": engine.store.as_str(),
        "root": engine.roots.iter().map(root_value).collect::<Vec<_>>(),
        "place": engine.places.iter().map(place_value).collect::<Vec<_>>(),
    })
}

fn root_value(root: &Root) -> Value {
    let rules = root.rules.iter().map(|rule| {
        json!({
            "shape": rule.shape.as_str(),
            "fate": rule.fate.as_str(),
            "what": rule.what,
            "work": rule.is_work,
        })
    });
    json!({
        "name": root.name,
        "flags": root.flags,
        "keys": root.keys,
        "nested": root.nested.iter().map(|shape| shape.as_str()).collect::<Vec<_>>(),
        "shared": root.is_shared,
        "rule": rules.collect::<Vec<_>>(),
    })
}

fn place_value(place: &Place) -> Value {
    let roots = place.roots.iter().map(|at| {
        let paths = at.paths.iter().map(|path| path.as_str());
        json!({ "root": at.root, "paths": paths.collect::<Vec<_>>() })
    });
    json!({
        "name": place.name,
        "root": roots.collect::<Vec<_>>(),
        "configs": place.configs,
        "pid-files": place.pid_files,
        "sockets": place.sockets,
        "states": place.states,
        "bundles": place.bundles,
    })
}
