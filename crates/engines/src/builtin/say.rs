//! Short ways to write the data down.

use crate::engine::{Fate, Place, Root, Rule, Shape};

/// One rule: its fate, its shape, and what is mounted there.
pub(super) type Line = (Fate, &'static str, &'static str);

/// A shape of this crate's own.
pub(super) fn shape(text: &str) -> Shape {
    text.parse().expect("the built-in shapes are tested")
}

/// A root with these rules.
pub(super) fn root(name: &str, rules: &[Line]) -> Root {
    let rules = rules
        .iter()
        .map(|(fate, path, what)| Rule::new(shape(path), *fate, *what));
    rules.fold(Root::new(name), Root::rule)
}

/// Rules for mounts on which the engine itself works.
pub(super) fn work(rules: &[(&'static str, &'static str)]) -> Vec<Rule> {
    let rules = rules.iter();
    rules
        .map(|(path, what)| Rule::new(shape(path), Fate::Sweep, *what).work())
        .collect()
}

/// A place with these roots, each with where it is.
pub(super) fn place(name: &str, roots: &[(&str, &[&str])]) -> Place {
    let roots = roots
        .iter()
        .map(|(root, paths)| (*root, paths.iter().map(|path| shape(path)).collect()));
    roots.fold(Place::new(name), |place, (root, paths)| {
        place.root(root, paths)
    })
}

/// Owned texts.
pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}
