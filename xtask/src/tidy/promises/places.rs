//! Places of one machine or one network have no business in the repository:
//! the checkout and what is around it, and the hosts that packages come from.

use std::path::Path;

use crate::cargo;
use crate::tidy::findings::Findings;
use crate::tidy::tree::{SourceFile, Tree, at};

/// Words in the names of hosts that serve packages: clients know those hosts from their
/// own configuration.
const HOST_WORDS: &[&str] = &[
    "debian",
    "ubuntu",
    "pypi",
    "pythonhosted",
    "npmjs",
    "golang",
];

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) {
    let top = cargo::root();
    let own = own_places(&top);
    for file in &tree.files {
        if is_about_places(&file.path) {
            continue;
        }
        check_file(file, &own, findings);
    }
}

/// This check's own list, the lock file's sources, and data that was captured
/// or written to be odd.
fn is_about_places(path: &Path) -> bool {
    path.ends_with("promises/places.rs")
        || path.file_name().is_some_and(|name| name == "Cargo.lock")
        || path.iter().any(|part| part == "data" || part == "corpus")
}

/// Directories of every machine: a checkout below one makes its name no secret.
const EVERYWHERE: &[&str] = &[
    "/builds", "/home", "/media", "/mnt", "/opt", "/root", "/src", "/srv", "/tmp", "/usr/src",
    "/var/tmp",
];

/// The checkout and the directory around it, unless every machine has such a one.
fn own_places(top: &Path) -> Vec<String> {
    [Some(top), top.parent()]
        .into_iter()
        .flatten()
        .filter(|dir| dir.parent().is_some())
        .map(|dir| dir.display().to_string())
        .filter(|dir| !EVERYWHERE.contains(&dir.as_str()))
        .map(|dir| format!("{dir}/"))
        .collect()
}

fn check_file(file: &SourceFile, own: &[String], findings: &mut Findings) {
    for (number, line) in file.text.lines().enumerate() {
        let place = at(&file.path, number + 1);
        for dir in own {
            if names(line, dir) {
                findings.problem(&place, format_args!("names a machine's directory, {dir}"));
            }
        }
        if let Some(host) = hosts(line).find(|host| HOST_WORDS.iter().any(|w| host.contains(w))) {
            findings.problem(&place, format_args!("names a package host, {host}"));
        }
    }
}

/// The hosts of the addresses in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://")
        .skip(1)
        .filter_map(|rest| rest.split(['/', ' ', '"', ')', '>']).next())
}

/// `dir` in `line` as the beginning of a path, not as its tail.
fn names(line: &str, dir: &str) -> bool {
    line.match_indices(dir).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "/}>_-.*)".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(line: &str, problems: usize) {
        let file = SourceFile {
            path: "a.md".into(),
            text: line.to_owned(),
            code: String::new(),
        };
        let mut findings = Findings::default();
        check_file(&file, &["/checkout/here/".to_owned()], &mut findings);
        assert_eq!(
            findings.problems.len(),
            problems,
            "{line}: {:?}",
            findings.problems
        );
    }

    #[test]
    fn a_checkout_in_a_common_place_forbids_only_itself() {
        assert_eq!(own_places(Path::new("/tmp/clone")), ["/tmp/clone/"]);
        assert_eq!(own_places(Path::new("/a/b")), ["/a/b/", "/a/"]);
        assert_eq!(own_places(Path::new("/src")), [""; 0]);
    }

    #[test]
    fn machine_directories_and_package_hosts_are_found() {
        check_line("see /checkout/here/a", 1);
        check_line("see /checkout/hereabouts", 0);
        check_line("see $dir/checkout/here/a", 0);
        check_line("https://debian.mirror.example/pool", 1);
        check_line("https://example.com/debian", 0);
        check_line("Debian's packages", 0);
        check_line(
            "https://docs.rs/mountscan and https://crates.io/crates/mountscan",
            0,
        );
    }
}
