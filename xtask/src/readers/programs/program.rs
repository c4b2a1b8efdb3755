//! A program that looks a name up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use resolvconf::readers::{Reader, Waiting};

use super::kept::Kept;
use super::resolved::Resolved;
use super::{dnsmasq, haproxy};
use crate::readers::nameserver::Log;

/// The known cases in which a reader does not always do the same.
const AT_TIMES: [(&str, &str); 2] = [("busybox", "C13f"), ("glibc", "N6")];

/// A reader on this machine or in a tree.
pub(crate) struct Program {
    pub(crate) reader: Reader,
    pub(super) kind: Kind,
    /// The tree it runs in; none: this machine.
    pub(super) root: Option<PathBuf>,
    /// Cases in which it is known to differ from its profile.
    pub(super) known: &'static [&'static str],
}

/// How it looks a name up.
pub(super) enum Kind {
    /// A program that is run for each name.
    Once(Vec<String>),
    /// systemd-resolved, which is asked.
    Resolved,
    /// HAProxy, which asks for the name of a server that it is given.
    Haproxy,
    /// dnsmasq, which asks on behalf of others.
    Dnsmasq,
}

/// What is known about a cell beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Agrees,
    Differs,
    DiffersAtTimes,
}

impl Program {
    /// Where the file is that the program reads, if it runs in a tree of its own.
    pub(crate) fn own_file(&self) -> Option<PathBuf> {
        self.root.as_ref().map(|root| root.join("etc/resolv.conf"))
    }

    /// Whether all servers are asked at once.
    pub(crate) fn asks_all(&self) -> bool {
        let by_kind = matches!(self.kind, Kind::Haproxy | Kind::Dnsmasq);
        // libunbound takes the servers in an order of its own.
        by_kind
            || self.reader.name == "unbound"
            || self.reader.lookups.waiting == Waiting::AllAtOnce
    }

    /// What is known about a case beforehand.
    pub(crate) fn known(&self, case: &str) -> Known {
        match self.known.contains(&case) {
            true if AT_TIMES.contains(&(self.reader.name, case)) => Known::DiffersAtTimes,
            true => Known::Differs,
            false => Known::Agrees,
        }
    }

    /// Looks names up with the file that is there. What is asked for each is seen by the name
    /// server, and told to `asked`. Returns what the reader says that it took, if it says so.
    pub(crate) fn look_up(
        &self,
        names: &[&str],
        log: &Log,
        mut asked: impl FnMut(&str),
    ) -> Result<Option<Kept>> {
        match (&self.kind, &self.root) {
            (Kind::Resolved, Some(root)) => {
                let resolved = Resolved::start(root)?;
                let kept = resolved.kept()?;
                for name in names {
                    resolved.ask(name)?;
                    asked(name);
                }
                return Ok(Some(kept));
            }
            (Kind::Haproxy, Some(root)) => {
                // It never searches, so one name shows all.
                if let Some(name) = names.first() {
                    haproxy::look_up(root, name, log)?;
                    asked(name);
                }
            }
            (Kind::Dnsmasq, Some(root)) => {
                for name in names {
                    dnsmasq::look_up(root, name)?;
                    asked(name);
                }
            }
            (Kind::Once(argv), root) => {
                for name in names {
                    once(argv, root.as_deref(), name)?;
                    asked(name);
                }
            }
            (Kind::Resolved | Kind::Haproxy | Kind::Dnsmasq, None) => {
                anyhow::bail!("no tree for a server")
            }
        }
        Ok(None)
    }
}

fn once(argv: &[String], root: Option<&Path>, name: &str) -> Result<()> {
    let mut command = Command::new("timeout");
    command.arg("20");
    if let Some(root) = root {
        command.arg("chroot").arg(root);
    }
    command.args(argv).arg(name);
    command.env_remove("LOCALDOMAIN").env_remove("RES_OPTIONS");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
        .status()
        .with_context(|| format!("start {}", argv[0]))?;
    Ok(())
}
