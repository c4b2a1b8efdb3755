//! Finds the programs that look a name up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use resolvconf::readers::{self, Reader};

use super::program::{Kind, Program};
use super::trees::{Which, writable};
use super::{dnsmasq, haproxy, libraries, resolved};

/// A look-up by the C library, for libraries that have no `getent`.
const LOOK_UP: &str = "#include <netdb.h>\n#include <sys/socket.h>\n\
    int main(int argc, char **argv) {\n\
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;\n\
    return argc < 2 || getaddrinfo(argv[1], 0, &hints, &found) != 0; }\n";

/// A look-up by c-ares.
const CARES: &str = include_str!("look_up_cares.c");

const NODE: &str = "require('dns').resolve4(process.argv[1], () => process.exit(0))";

/// Cases in which a reader is known to differ from its profile.
const KNOWN: [(&str, &[&str]); 7] = [
    // With libidn2 it asks for the ASCII form of the name, and without for nothing.
    ("glibc", &["N6"]),
    // The profile is of 2.9, which refuses the file; Debian's 2.3 skips the line with a NUL.
    ("dnspython", &["C19d"]),
    // It never asks a mapped address, and keeps a NUL as a part of the word.
    ("java", &["C3e", "C19d"]),
    // It never asks a mapped address.
    ("dnsmasq", &["C3e"]),
    // A line that it cannot read is an error, after which the program asks nobody; the profile has
    // what a program gets that goes on. It never asks a mapped address.
    (
        "unbound",
        &[
            "C2b", "C2c", "C2d", "C2e", "C3a", "C3b", "C3c", "C3d", "C3e", "C3f", "C14e", "C14g",
            "C20c", "C20d", "C20f", "C20h",
        ],
    ),
    // It never asks a mapped address, and gives the file up at a very long word.
    ("dig", &["C3e", "C18c"]),
    // With an odd domain in the list it asks for less, or for nothing; with `.` only at times. It
    // cannot read some addresses, stops at several blanks, and takes the name of a server.
    ("busybox", &["C13f", "C13g", "C13i", "C14f", "C20e", "C20h"]),
];

/// The programs that are here, and the names of those that are not.
pub(crate) struct Programs {
    pub(crate) here: Vec<Program>,
    pub(crate) missing: Vec<String>,
}

pub(crate) fn programs(dir: &Path) -> Result<Programs> {
    let mut programs = Programs {
        here: Vec::new(),
        missing: Vec::new(),
    };
    let getent = words(&["getent", "ahosts"]);
    let here = runs("getent", &["--version"]).then(|| getent.clone());
    programs.add("glibc (getent)", readers::GLIBC, here, None);
    let musl = compiled(dir, "musl-gcc", &["-static"], LOOK_UP)?;
    programs.add("musl (musl-gcc)", readers::MUSL_OLD, musl, None);
    let node = runs("node", &["--version"]).then(|| words(&["node", "-e", NODE]));
    programs.add("node", readers::NODE, node, None);
    for (which, reader) in [(Which::Old, readers::GO_OLD), (Which::New, readers::GO)] {
        let go = which.go().map(|go| vec![go.to_string_lossy().into_owned()]);
        programs.add(reader.name, reader, go, None);
    }
    programs.add_trees(dir, &getent)?;
    Ok(programs)
}

impl Programs {
    fn add(
        &mut self,
        name: &str,
        reader: Reader,
        argv: Option<Vec<String>>,
        root: Option<PathBuf>,
    ) {
        self.add_kind(name, reader, argv.map(Kind::Once), root);
    }

    fn add_kind(&mut self, name: &str, reader: Reader, kind: Option<Kind>, root: Option<PathBuf>) {
        let known = KNOWN.iter().find(|(known, _)| *known == reader.name);
        let known = known.map_or(&[][..], |(_, cases)| cases);
        match kind {
            Some(kind) => self.here.push(Program {
                reader,
                kind,
                root,
                known,
            }),
            None => self.missing.push(format!("{name}: not on this machine")),
        }
    }

    /// Readers of other versions, each in the tree that holds its library.
    fn add_trees(&mut self, dir: &Path, getent: &[String]) -> Result<()> {
        let cares = compiled(dir, "gcc", &["-ldl"], CARES)?;
        let old = root(Which::Old, dir, "old")?;
        let new = root(Which::New, dir, "new")?;
        for (reader, root) in [(readers::C_ARES_OLD, &old), (readers::C_ARES, &new)] {
            let argv = copied(cares.as_deref(), root.as_deref(), "look_up_cares")?;
            self.add(reader.name, reader, argv, root.clone());
        }
        let argv = new.is_some().then(|| getent.to_vec());
        self.add(
            "glibc of the newest Debian",
            readers::GLIBC_NEW,
            argv,
            new.clone(),
        );
        let musl = compiled(dir, "musl-gcc", &[], LOOK_UP)?;
        let argv = copied(musl.as_deref(), new.as_deref(), "look_up_musl")?;
        self.add("musl of the newest Debian", readers::MUSL, argv, new);
        let newest = root(Which::NewResolved, dir, "resolved")?;
        self.add_resolved("systemd-resolved", readers::RESOLVED, old);
        let name = "systemd-resolved of the newest Debian";
        self.add_resolved(name, readers::RESOLVED_NEW, newest);
        self.add_tools(root(Which::Tools, dir, "tools")?);
        self.add_libraries(dir, root(Which::Libraries, dir, "libraries")?)
    }

    fn add_resolved(&mut self, name: &str, reader: Reader, root: Option<PathBuf>) {
        let root = root.filter(|root| resolved::is_in(root));
        if root.as_ref().is_some_and(|root| !resolved::can_run(root)) {
            let why = "it needs a user of its own, which an ordinary user cannot give it";
            return self.missing.push(format!("{name}: {why}"));
        }
        let kind = root.is_some().then_some(Kind::Resolved);
        self.add_kind(name, reader, kind, root);
    }

    /// dig, busybox's nslookup and HAProxy.
    fn add_tools(&mut self, root: Option<PathBuf>) {
        let has = |path: &str| root.as_ref().is_some_and(|root| root.join(path).is_file());
        let dig = has("usr/bin/dig").then(|| words(&["dig", "+search", "+tries=1", "+time=2"]));
        self.add("dig", readers::DIG, dig, root.clone());
        let busybox = words(&["busybox", "nslookup", "-type=a"]);
        let busybox = (has("usr/bin/busybox") || has("bin/busybox")).then_some(busybox);
        self.add("busybox nslookup", readers::BUSYBOX, busybox, root.clone());
        let root = root.filter(|root| haproxy::is_in(root));
        let kind = root.is_some().then_some(Kind::Haproxy);
        self.add_kind("HAProxy", readers::HAPROXY, kind, root);
    }
}

impl Programs {
    /// Java, dnspython, libunbound and dnsmasq.
    fn add_libraries(&mut self, dir: &Path, root: Option<PathBuf>) -> Result<()> {
        let java = root.as_deref().map(libraries::java).transpose()?.flatten();
        self.add("Java", readers::JAVA, java, root.clone());
        let python = root.as_deref().and_then(libraries::python);
        self.add("dnspython", readers::DNSPYTHON, python, root.clone());
        let unbound = compiled(dir, "gcc", &["-ldl"], libraries::UNBOUND)?;
        let unbound = copied(unbound.as_deref(), root.as_deref(), "look_up_unbound")?;
        self.add("libunbound", readers::UNBOUND, unbound, root.clone());
        let root = root.filter(|root| dnsmasq::is_in(root));
        let kind = root.is_some().then_some(Kind::Dnsmasq);
        self.add_kind("dnsmasq", readers::DNSMASQ, kind, root);
        Ok(())
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn root(which: Which, dir: &Path, name: &str) -> Result<Option<PathBuf>> {
    let tree = which.fetched();
    tree.map(|tree| writable(&tree, dir, name)).transpose()
}

/// A program put into a tree, which has the library that it loads.
fn copied(
    program: Option<&[String]>,
    root: Option<&Path>,
    name: &str,
) -> Result<Option<Vec<String>>> {
    let (Some([program]), Some(root)) = (program, root) else {
        return Ok(None);
    };
    std::fs::copy(program, root.join(name)).with_context(|| name.to_owned())?;
    Ok(Some(vec![format!("/{name}")]))
}

fn runs(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Compiles a program, if the compiler is here.
fn compiled(dir: &Path, compiler: &str, args: &[&str], text: &str) -> Result<Option<Vec<String>>> {
    let binary = tempfile::Builder::new()
        .prefix("look_up")
        .tempfile_in(dir)?;
    let (_, binary) = binary.keep().context("a place for the program")?;
    let source = binary.with_extension("c");
    std::fs::write(&source, text).context("write the program")?;
    let (from, to) = (source.to_string_lossy(), binary.to_string_lossy());
    let mut words = vec!["-o", &*to, &*from];
    words.extend(args);
    let made = runs(compiler, &words);
    Ok(made.then(|| vec![to.into_owned()]))
}
