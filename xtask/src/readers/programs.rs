//! The programs that look a name up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use resolvconf::readers::{self, Reader};

/// A reader on this machine.
pub(super) struct Program {
    pub(super) reader: Reader,
    argv: Vec<String>,
}

/// A look-up by the C library, for libraries that have no `getent`.
const LOOK_UP: &str = "#include <netdb.h>\n#include <sys/socket.h>\n\
    int main(int argc, char **argv) {\n\
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;\n\
    return argc < 2 || getaddrinfo(argv[1], 0, &hints, &found) != 0; }\n";

const NODE: &str = "require('dns').resolve4(process.argv[1], () => process.exit(0))";

const GO: &str = "package main\nimport (\"context\"; \"net\"; \"os\")\n\
    func main() { r := net.Resolver{PreferGo: true}; r.LookupHost(context.Background(), os.Args[1]) }\n";

/// Those that are here, and the names of those that are not.
pub(super) fn programs(dir: &Path) -> Result<(Vec<Program>, Vec<&'static str>)> {
    let mut here = Vec::new();
    let mut missing = Vec::new();
    let mut found = |name: &'static str, reader: Reader, argv: Option<Vec<String>>| match argv {
        Some(argv) => here.push(Program { reader, argv }),
        None => missing.push(name),
    };
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let getent = runs("getent", &["--version"]).then(|| words(&["getent", "ahosts"]));
    found("glibc (getent)", readers::GLIBC, getent);
    found(
        "musl (musl-gcc)",
        readers::MUSL_OLD,
        compiled(dir, "musl-gcc")?,
    );
    let node = runs("node", &["--version"]).then(|| words(&["node", "-e", NODE]));
    found("node", readers::NODE, node);
    found("go", readers::GO, go(dir)?);
    Ok((here, missing))
}

fn runs(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn compiled(dir: &Path, compiler: &str) -> Result<Option<Vec<String>>> {
    let (source, binary) = (dir.join("look_up.c"), dir.join(compiler));
    std::fs::write(&source, LOOK_UP).context("write the program")?;
    let (from, to) = (source.to_string_lossy(), binary.to_string_lossy());
    let made = runs(compiler, &["-static", "-o", &to, &from]);
    Ok(made.then(|| vec![to.into_owned()]))
}

fn go(dir: &Path) -> Result<Option<Vec<String>>> {
    let (source, binary): (PathBuf, PathBuf) = (dir.join("look_up.go"), dir.join("look_up_go"));
    std::fs::write(&source, GO).context("write the program")?;
    let (from, to) = (source.to_string_lossy(), binary.to_string_lossy());
    let made = runs("go", &["build", "-o", &to, &from]);
    Ok(made.then(|| vec![to.into_owned()]))
}

impl Program {
    /// Looks a name up; what comes of it is seen by the name server.
    pub(super) fn look_up(&self, name: &str) -> Result<()> {
        let mut command = Command::new("timeout");
        command.arg("20").args(&self.argv).arg(name);
        command.env_remove("LOCALDOMAIN").env_remove("RES_OPTIONS");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
            .status()
            .with_context(|| format!("start {}", self.argv[0]))?;
        Ok(())
    }
}
