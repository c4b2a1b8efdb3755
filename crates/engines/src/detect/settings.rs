//! Reads from an engine's configuration and arguments where its roots are.

use std::path::{Path, PathBuf};

use super::command_line;
use super::found::GivenConfig;
use super::ground::Ground;
use crate::engine::Engine;
use crate::tree::{Format, Node, Value, parse};
use crate::unread::Unread;

/// A root that is not at its usual place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) root: String,
    pub(super) path: PathBuf,
    pub(super) because: String,
}

/// The roots that a configuration file moves. `name` is the file's path in messages.
pub(super) fn of_config(
    ground: &mut Ground<'_>,
    engine: &Engine,
    file: &Path,
    name: &Path,
) -> Vec<Moved> {
    let Some(text) = ground.text(file) else {
        return Vec::new();
    };
    let tree = match parse(&text, Format::of(name)) {
        Ok(tree) => tree,
        // dockerd, too, accepts an empty daemon.json: it sets nothing.
        Err(_) if text.trim_ascii().is_empty() => return Vec::new(),
        Err(fault) => {
            ground.complain(Unread::new(file, fault.to_string()));
            return Vec::new();
        }
    };
    let mut moved = Vec::new();
    for root in &engine.roots {
        for key in &root.keys {
            match by_key(&tree, key) {
                None => {}
                Some(Ok(path)) => moved.push(Moved {
                    root: root.name.clone(),
                    path,
                    because: format!("{} in {}", plain(key), name.display()),
                }),
                Some(Err(why)) => ground.complain(Unread::new(file, why)),
            }
        }
    }
    moved
}

fn by_key(tree: &Node, key: &str) -> Option<Result<PathBuf, String>> {
    let (key, end) = key.split_once('+').unwrap_or((key, ""));
    let node = tree.at(key)?;
    let (line, kind) = (node.line, node.kind());
    let Value::Text(text) = &node.value else {
        return Some(Err(format!("line {line}: {key} is {kind}, not a text")));
    };
    // An empty text stands for the usual place.
    if text.is_empty() {
        return None;
    }
    let path = PathBuf::from(format!("{}{end}", text.trim_end_matches('/')));
    let why = || format!("line {line}: {key} is not an absolute path without variables: {text:?}");
    let is_plain = path.is_absolute() && !text.contains('$');
    Some(is_plain.then_some(path).ok_or_else(why))
}

fn plain(key: &str) -> &str {
    key.split('+').next().unwrap_or(key)
}

/// The roots that the arguments of a daemon move; `who` names the daemon.
pub(super) fn of_arguments(engine: &Engine, arguments: &[String], who: &str) -> Vec<Moved> {
    let moved = engine.roots.iter().filter_map(|root| {
        let (flag, value) = command_line::value(arguments, &root.flags)?;
        let path = PathBuf::from(value);
        let because = format!("{flag} of {who}");
        let root = root.name.clone();
        path.is_absolute().then_some(Moved {
            root,
            path,
            because,
        })
    });
    moved.collect()
}

/// Which configuration file the arguments of a daemon name.
pub(super) fn given_config(engine: &Engine, arguments: &[String]) -> GivenConfig {
    let Some((flag, value)) = command_line::value(arguments, &engine.config_flags) else {
        return GivenConfig::Usual;
    };
    let path = PathBuf::from(&value);
    let end = path.extension().and_then(|end| end.to_str());
    // Short flags have other meanings in other programs: `conmon -c` names a container. What a flag
    // such as `--config-file` names is a file, whatever its end.
    let is_config = matches!(end, Some("json" | "toml" | "conf" | "yaml" | "yml"));
    match is_config || flag.ends_with("-file") {
        true if path.is_absolute() => GivenConfig::File(path),
        true => GivenConfig::Unclear(value),
        false => GivenConfig::Usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(engine: &str, arguments: &str, expected: &GivenConfig) {
        let mut engines = Engine::built_in().into_iter();
        let engine = engines.find(|it| it.name == engine).expect("it is known");
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        assert_eq!(&given_config(&engine, &arguments), expected);
    }

    #[test]
    fn a_file_that_cannot_be_told_is_not_the_usual_one() {
        let file = |path: &str| GivenConfig::File(path.into());
        let unclear = |name: &str| GivenConfig::Unclear(name.to_owned());
        check("docker", "dockerd", &GivenConfig::Usual);
        check("docker", "dockerd --config-file /a.json", &file("/a.json"));
        check(
            "docker",
            "dockerd --config-file=/etc/prod",
            &file("/etc/prod"),
        );
        check(
            "docker",
            "dockerd --config-file /a.d/x.bak",
            &file("/a.d/x.bak"),
        );
        check("docker", "dockerd --config-file b.json", &unclear("b.json"));
        check("docker", "dockerd --config-file ./prod", &unclear("./prod"));
        check("docker", "dockerd --config-file=", &unclear(""));
        check("containerd", "containerd -c /c.toml", &file("/c.toml"));
        check("containerd", "containerd -c c.toml", &unclear("c.toml"));
        let storage = "containers-storage";
        check(storage, "conmon -c 66ab", &GivenConfig::Usual);
    }
}
