//! Who keeps a mount busy, in words for a report.

use mountscan::{HolderNamespace, HolderProcess, HoldersOptions, MountInfo, MountUse, holders};

use crate::path_text::shown;

/// More are only counted.
const NAMED: usize = 8;

/// Processes that use the mount, and other mount namespaces that have a copy of it.
/// Best effort: what cannot be found out is left out.
pub(crate) fn name_holders(mount: &MountInfo) -> Vec<String> {
    let mut options = HoldersOptions::new();
    options.uses = true;
    let Ok(found) = holders(mount, &options) else {
        return Vec::new();
    };
    let mut names: Vec<String> = found.namespaces.iter().flat_map(in_namespace).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if found.unreadable > 0 {
        let processes = match found.unreadable {
            1 => "a process".to_owned(),
            n => format!("{n} processes"),
        };
        names.push(format!("perhaps {processes} that cannot be looked into"));
    }
    names
}

/// In a namespace of others the copy alone holds; who lives there is named by one.
fn in_namespace(namespace: &HolderNamespace) -> Vec<String> {
    let using = namespace.processes.iter().filter(|p| !p.uses.is_empty());
    let mut names: Vec<String> = using.map(process).collect();
    if names.is_empty() && !namespace.is_own {
        let who = namespace
            .processes
            .first()
            .map(|p| format!(" of {}", bare(p)));
        names.push(format!(
            "mount namespace {}{}",
            namespace.inode,
            who.unwrap_or_default()
        ));
    }
    names
}

fn process(process: &HolderProcess) -> String {
    let how = match process.uses.first() {
        Some(MountUse::WorkingDirectory) => ", working directory".to_owned(),
        Some(MountUse::RootDirectory) => ", root directory".to_owned(),
        Some(MountUse::Descriptor(fd)) => format!(", descriptor {fd}"),
        _ => String::new(),
    };
    format!("{}{how}", bare(process))
}

fn bare(process: &HolderProcess) -> String {
    format!("pid {} ({})", process.pid, shown(process.comm.as_ref()))
}
