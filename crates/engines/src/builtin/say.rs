//! Short ways to write the data down.

use crate::engine::{Fate, Root, Rule, Shape};

/// A shape of this crate's own.
pub(super) fn shape(text: &str) -> Shape {
    text.parse().expect("the built-in shapes are tested")
}

/// A root at these places, with rules of one fate each: shape and what is mounted there.
pub(super) fn root(name: &str, paths: &[&str], rules: &[(Fate, &str, &str)]) -> Root {
    let paths = paths.iter().map(|path| shape(path)).collect();
    let rules = rules
        .iter()
        .map(|(fate, path, what)| Rule::new(shape(path), *fate, *what));
    rules.fold(Root::new(name, paths), Root::rule)
}

/// Owned texts.
pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}
