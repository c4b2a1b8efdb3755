//! `cargo xtask readers`: real readers of resolv.conf, asked to look a name up with each file of
//! the matrix, and what they ask compared with the profiles of the crate, cell by cell.
//!
//! Everything happens in namespaces of its own: a network with one link besides loopback, a mount
//! over `/etc/resolv.conf`, and a name server that writes down what it is asked and answers that
//! there is no such name. Readers of other versions come from Debian's packages, in trees of their
//! own.

mod args;
mod call;
mod cases;
mod compare;
mod inside;
mod mixed;
mod nameserver;
mod network;
mod programs;
mod tally;

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use resolvconf::readers::ALL;

pub(crate) use args::Args;

/// Says that the process has the namespaces.
const INSIDE: &str = "DAEMON_HOST_READERS_INSIDE";

pub(crate) fn run(args: &Args) -> Result<bool> {
    if std::env::var_os(INSIDE).is_some() {
        return inside::run(args);
    }
    check(args)?;
    programs::prepare(args.mirror.as_deref());
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--uts", "--fork", "--kill-child"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .arg("--")
        .arg(std::env::current_exe().context("this program")?);
    command.args(std::env::args_os().skip(1)).env(INSIDE, "1");
    let status = command.status().context("unshare")?;
    Ok(status.success())
}

/// A mistyped name is an error, not a run without cells.
fn check(args: &Args) -> Result<()> {
    let known = |name: &str| ALL.iter().any(|reader| reader.name == name);
    if let Some(name) = args.readers.iter().find(|name| !known(name)) {
        let names: BTreeSet<&str> = ALL.iter().map(|reader| reader.name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        bail!("there is no reader {name}; there are {}", names.join(", "));
    }
    cases::cases(&args.cases, args.mixed).map(drop)
}

#[cfg(test)]
mod tests {
    use super::{Args, check};

    #[test]
    fn mistyped_names_are_errors() {
        let check = |case: &str, reader: &str| {
            check(&Args {
                cases: vec![case.to_owned()],
                readers: vec![reader.to_owned()],
                mixed: 0,
                mirror: None,
                require: false,
            })
        };
        assert!(check("C1a", "glibc").is_ok());
        let no_reader = check("C1a", "glib").unwrap_err().to_string();
        assert!(no_reader.contains("no reader glib;") && no_reader.contains("musl"));
        assert!(check("C1", "glibc").is_err());
    }
}
