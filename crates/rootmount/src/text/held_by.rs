//! Who holds a mount, as a person reads it.

use std::fmt;

use mountscan::{HolderProcess, KernelUse, MountUse};

use crate::path_text::shown;
use crate::unmount::outcome::{CopyElsewhere, HeldBy};

/// How many holders are named. The others are only counted.
const NAMED: usize = 8;

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mounts = self
            .mounts
            .iter()
            .map(|at| format!("the mount {}", shown(at)));
        let all = self.processes.iter().map(process);
        let all = all.chain(self.kernel.iter().map(kernel)).chain(mounts);
        let mut names: Vec<String> = all.chain(self.copies.iter().map(copy)).collect();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        // Without privilege the files of other users' processes cannot be seen, and one of them
        // may be the holder.
        if self.unreadable > 0 {
            let who = match self.unreadable {
                1 => "a process".to_owned(),
                n => format!("{n} processes"),
            };
            names.push(format!("perhaps {who} that cannot be looked into"));
        }
        f.write_str(&names.join(", "))
    }
}

fn process(process: &HolderProcess) -> String {
    let how = process.uses.first().map(how);
    let how = how.map(|how| format!(", {how}")).unwrap_or_default();
    format!("{}{how}", bare(process))
}

fn bare(process: &HolderProcess) -> String {
    format!("pid {} ({})", process.pid, shown(process.comm.as_ref()))
}

/// How a process uses a mount.
pub(crate) fn how(what: &MountUse) -> String {
    match what {
        MountUse::WorkingDirectory => "working directory".to_owned(),
        MountUse::RootDirectory => "root directory".to_owned(),
        MountUse::Executable => "running program".to_owned(),
        MountUse::Mapping => "mapped file".to_owned(),
        MountUse::Descriptor(number) => format!("descriptor {number}"),
        MountUse::Socket(path) => format!("socket {}", shown(path)),
        _ => "other".to_owned(),
    }
}

fn kernel(what: &KernelUse) -> String {
    match what {
        KernelUse::Loop { device, file } => format!("{device}, loop device of {}", shown(file)),
        KernelUse::Swap { file } => format!("swap file {}", shown(file)),
        _ => "the kernel".to_owned(),
    }
}

fn copy(copy: &CopyElsewhere) -> String {
    let who = copy.process.as_ref().map(|p| format!(" of {}", bare(p)));
    format!(
        "mount namespace {}{}",
        copy.namespace,
        who.unwrap_or_default()
    )
}
