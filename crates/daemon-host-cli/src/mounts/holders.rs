//! `mounts holders`: who keeps a mount busy.

use std::path::PathBuf;

use anyhow::Context as _;
use daemon_host::mountscan::{
    HolderNamespace, HolderProcess, Holders, HoldersOptions, MountInfo, MountTable, MountUse,
    NamespaceKeeper, holders,
};
use serde::Serialize;

use super::mount_json::MountJson;
use crate::exit::Exit;
use crate::output::{Bytes, Cell, Ink, Output, Table, paint};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A mount is busy while a process stands in it or has a file open there, in any mount
namespace that has it or a copy of it. Exit code 1 when somebody uses it, or another
namespace has it.

Examples:
  daemon-host mounts holders /var/lib/docker/overlay2/ID/merged")]
pub(crate) struct Args {
    /// The mount point.
    path: PathBuf,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let table = MountTable::current()?;
    let mount = table
        .topmost(&args.path)
        .with_context(|| format!("{} is not a mount point", args.path.display()))?;
    let mount = MountInfo::from(mount);
    let mut options = HoldersOptions::new();
    options.uses = true;
    options.unpopulated = true;
    let found = holders(&mount, &options)?;
    if out.is_json() {
        out.json(&to_json(&mount, &found))?;
    } else {
        out.text(&to_text(&mount, &found))?;
    }
    let held = found.namespaces.iter().any(|namespace| {
        !namespace.is_own
            || namespace
                .processes
                .iter()
                .any(|process| !process.uses.is_empty())
    });
    Ok(Exit::finding_if(held))
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'h> {
    #[serde(flatten)]
    mount_point: Bytes<'h>,
    mount_id: u32,
    namespaces: Vec<NamespaceJson<'h>>,
    unreadable: usize,
}

#[derive(Serialize)]
struct NamespaceJson<'h> {
    inode: u64,
    namespace_id: Option<u64>,
    own: bool,
    mounts: Vec<MountJson<'h>>,
    processes: Vec<ProcessJson<'h>>,
    kept_by: Vec<String>,
}

#[derive(Serialize)]
struct ProcessJson<'h> {
    pid: u32,
    thread: Option<u32>,
    #[serde(flatten)]
    comm: Bytes<'h>,
    uses: Vec<String>,
}

fn to_json<'h>(mount: &'h MountInfo, found: &'h Holders) -> Answer<'h> {
    Answer {
        mount_point: Bytes::path("mount_point", &mount.mount_point),
        mount_id: mount.mount_id.0,
        namespaces: found.namespaces.iter().map(namespace_json).collect(),
        unreadable: found.unreadable,
    }
}

fn namespace_json(namespace: &HolderNamespace) -> NamespaceJson<'_> {
    NamespaceJson {
        inode: namespace.inode,
        namespace_id: namespace.namespace_id,
        own: namespace.is_own,
        mounts: namespace.mounts.iter().map(MountJson::new).collect(),
        processes: namespace.processes.iter().map(process_json).collect(),
        kept_by: namespace.kept_by.iter().map(keeper_words).collect(),
    }
}

fn process_json(process: &HolderProcess) -> ProcessJson<'_> {
    ProcessJson {
        pid: process.pid,
        thread: process.thread,
        comm: Bytes::text("comm", &process.comm),
        uses: process.uses.iter().map(use_words).collect(),
    }
}

fn use_words(what: &MountUse) -> String {
    match what {
        MountUse::WorkingDirectory => "working directory".into(),
        MountUse::RootDirectory => "root directory".into(),
        MountUse::Executable => "running program".into(),
        MountUse::Mapping => "mapped file".into(),
        MountUse::Descriptor(number) => format!("descriptor {number}"),
        MountUse::Socket(path) => format!("socket {}", path.display()),
        _ => "other".into(),
    }
}

fn keeper_words(keeper: &NamespaceKeeper) -> String {
    match keeper {
        NamespaceKeeper::Descriptor { pid, descriptor } => {
            format!("descriptor {descriptor} of process {pid}")
        }
        NamespaceKeeper::Bind {
            namespace,
            mount_point,
        } => format!("bind on {} in mnt:[{namespace}]", mount_point.display()),
        _ => "something else".into(),
    }
}

/// Processes that use it first; the others of a namespace only as a number.
fn to_text(mount: &MountInfo, found: &Holders) -> String {
    let mut table = Table::new(&["NAMESPACE", "PID", "COMMAND", "USES IT AS"]).right(1);
    for namespace in &found.namespaces {
        let own = if namespace.is_own { " (this one)" } else { "" };
        let name = format!("mnt:[{}]{own}", namespace.inode);
        let using = namespace
            .processes
            .iter()
            .filter(|process| !process.uses.is_empty());
        let mut idle = namespace.processes.len();
        for process in using {
            idle -= 1;
            let uses: Vec<String> = process.uses.iter().map(use_words).collect();
            table.row([
                name.as_str().into(),
                process.pid.to_string().into(),
                process.comm.to_string_lossy().as_ref().into(),
                Cell::inked(Ink::Warn, uses.join(", ")),
            ]);
        }
        let keepers: Vec<String> = namespace.kept_by.iter().map(keeper_words).collect();
        let others = match (keepers.as_slice(), idle) {
            ([], 1) => "1 process there does not use it itself".into(),
            ([], _) => format!("{idle} processes there do not use it themselves"),
            (keepers, _) => format!("no process there; kept by {}", keepers.join(", ")),
        };
        table.row([
            name.as_str().into(),
            "".into(),
            "".into(),
            Cell::inked(Ink::Dim, others),
        ]);
    }
    let point = mount.mount_point.display();
    let mut text = format!("{}\n{}", paint(Ink::Head, point), table.render());
    if found.unreadable > 0 {
        let said = format!("{} processes could not be looked into", found.unreadable);
        text.push_str(&format!("{}\n", paint(Ink::Warn, said)));
    }
    text
}
