//! Finds the full id for what a person typed. Pure.

use std::collections::BTreeSet;

use crate::container::Container;

/// What a name, an id or the beginning of an id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolved {
    /// One container, by its full id.
    One(String),
    /// No container that could be read has it.
    None,
    /// Several containers, by their full ids. The person has to say more.
    Several(Vec<String>),
}

pub(crate) fn resolve(list: &[Container], asked: &str) -> Resolved {
    if asked.is_empty() {
        return Resolved::None;
    }
    let name = asked.strip_prefix('/').unwrap_or(asked);
    type Rule<'a> = &'a dyn Fn(&Container) -> bool;
    let rules: [Rule<'_>; 3] = [
        &|container| container.id == asked,
        &|container| container.names.iter().any(|own| own == name),
        &|container| container.id.starts_with(asked),
    ];
    for rule in rules {
        let found: BTreeSet<&str> = list
            .iter()
            .filter(|container| rule(container))
            .map(|container| container.id.as_str())
            .collect();
        let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        match found.len() {
            0 => {}
            1 => return Resolved::One(found.remove(0)),
            _ => return Resolved::Several(found),
        }
    }
    Resolved::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(id: &str, names: &[&str]) -> Container {
        Container {
            id: id.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            ..Container::default()
        }
    }

    #[track_caller]
    fn check(asked: &str, expected: Resolved) {
        let list = [
            container("3f1c00aa", &["web_1", "front"]),
            container("3f1cbb00", &["db"]),
            // A name that is the beginning of another's id, and one that is another's id.
            container("77000000", &["3f1", "3f1cbb00"]),
            // Two engines may share a name.
            container("88000000", &["twice"]),
            container("99000000", &["twice"]),
        ];
        assert_eq!(resolve(&list, asked), expected, "{asked}");
    }

    #[test]
    fn ids_names_and_beginnings() {
        let one = |id: &str| Resolved::One(id.to_owned());
        check("3f1c00aa", one("3f1c00aa"));
        check("web_1", one("3f1c00aa"));
        check("/web_1", one("3f1c00aa"));
        check("3f1cbb00", one("3f1cbb00"));
        check("3f1", one("77000000"));
        check("3f1c0", one("3f1c00aa"));
        check("nobody", Resolved::None);
        check("", Resolved::None);
        check("/", Resolved::None);
        let several = |ids: &[&str]| Resolved::Several(ids.iter().map(|&id| id.into()).collect());
        check("3f1c", several(&["3f1c00aa", "3f1cbb00"]));
        check("twice", several(&["88000000", "99000000"]));
    }
}
