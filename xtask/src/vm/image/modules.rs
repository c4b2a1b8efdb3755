//! Which kernel modules go into a bundle, and the list the guest loads by.
//!
//! Debian's packages carry neither `modules.dep` nor `modules.alias` (their
//! installation makes them), so both are read from the modules themselves.

use super::elf;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the tests use. A name that a kernel has built in or lacks is passed over.
pub(crate) const WANTED: &[&str] = &[
    // the result port
    "virtio_pci",
    "virtio_console",
    // file systems a daemon root meets
    "overlay",
    "fuse",
    "ext4",
    "btrfs",
    "xfs",
    "squashfs",
    "loop",
    "virtio_blk",
    "autofs4",
    // checksums that btrfs and ext4 ask for by an alias
    "crc32c_generic",
    "crc32c_cryptoapi",
    // links
    "veth",
    "dummy",
    "bridge",
    "tun",
    "macvlan",
    "ipvlan",
    "8021q",
    "ifb",
    // what runtimes may ask for
    "br_netfilter",
    "nf_tables",
    "binfmt_misc",
];

/// One module as it goes into the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// Modules to load before it, in order.
    pub(crate) needs: Vec<String>,
    /// Aliases without wildcards.
    pub(crate) aliases: Vec<String>,
    /// The module itself, uncompressed.
    pub(crate) image: Vec<u8>,
}

/// The wanted modules and what they need, found by `fetch`, which gives a
/// module's image by name or nothing if there is none.
pub(crate) fn close(
    wanted: &[&str],
    fetch: &dyn Fn(&str) -> Option<Result<Vec<u8>>>,
) -> Result<Vec<Module>> {
    let mut found: BTreeMap<String, Module> = BTreeMap::new();
    let mut open: Vec<String> = wanted.iter().map(|name| plain(name)).collect();
    while let Some(name) = open.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let Some(image) = fetch(&name) else { continue };
        let module = read(&name, image.with_context(|| format!("module {name}"))?)
            .with_context(|| format!("module {name} has no .modinfo"))?;
        open.extend(module.needs.iter().cloned());
        found.insert(name, module);
    }
    // What is needed but not there is built in.
    let names: Vec<String> = found.keys().cloned().collect();
    for module in found.values_mut() {
        module.needs.retain(|need| names.contains(need));
    }
    Ok(found.into_values().collect())
}

/// The guest's list: name, path, needs, aliases.
pub(crate) fn list(modules: &[Module]) -> String {
    let mut text = String::new();
    for module in modules {
        let (name, path) = (&module.name, path(&module.name));
        let _ = writeln!(
            text,
            "{name}\t{path}\t{}\t{}",
            module.needs.join(" "),
            module.aliases.join(" ")
        );
    }
    text
}

/// Where a module lies in the guest.
pub(crate) fn path(name: &str) -> String {
    format!("/lib/modules/{name}.ko")
}

/// File names and `.modinfo` write the same name with `-` or `_`.
pub(crate) fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn read(name: &str, image: Vec<u8>) -> Option<Module> {
    let info = elf::modinfo(&image)?;
    let values = |key: &str| {
        let prefix = format!("{key}=");
        info.iter()
            .filter_map(move |line| line.strip_prefix(&prefix))
            .collect::<Vec<_>>()
    };
    let mut needs: Vec<String> = Vec::new();
    for soft in values("softdep") {
        needs.extend(before(soft));
    }
    for hard in values("depends") {
        needs.extend(hard.split(',').filter(|need| !need.is_empty()).map(plain));
    }
    needs.retain(|need| need != name);
    let aliases = values("alias")
        .into_iter()
        .filter(|alias| !alias.contains(['*', ' ', '[']));
    Some(Module {
        name: name.to_owned(),
        needs,
        aliases: aliases.map(str::to_owned).collect(),
        image,
    })
}

/// The `pre:` part of `pre: a b post: c`.
fn before(softdep: &str) -> Vec<String> {
    let mut words = softdep
        .split_ascii_whitespace()
        .skip_while(|word| *word != "pre:");
    words.next();
    words
        .take_while(|word| *word != "post:")
        .map(plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softdeps_before_and_after() {
        assert_eq!(before("pre: crc32c xor-x post: late"), ["crc32c", "xor_x"]);
        assert_eq!(before("post: late pre: early"), ["early"]);
        assert_eq!(before("post: late"), Vec::<String>::new());
    }

    #[test]
    fn the_list_has_four_fields_a_line() {
        let module = Module {
            name: "a".into(),
            needs: vec!["b".into(), "c".into()],
            aliases: vec!["fs-a".into()],
            image: Vec::new(),
        };
        assert_eq!(list(&[module]), "a\t/lib/modules/a.ko\tb c\tfs-a\n");
    }

    #[test]
    fn what_no_one_has_is_built_in_and_a_broken_module_is_an_error() {
        assert_eq!(close(&["overlay"], &|_| None).unwrap(), Vec::new());
        let error = close(&["overlay"], &|_| Some(Ok(b"no ELF".to_vec()))).unwrap_err();
        assert!(error.to_string().contains("overlay"), "{error}");
    }
}
