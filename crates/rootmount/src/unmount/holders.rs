//! Finds whether a busy mount may be detached lazily, and who keeps it busy.

use std::sync::atomic::Ordering;

use mountscan::{
    HolderNamespace, HolderProcess, HoldersOptions, MountInfo, MountUse, Row,
    holders as find_holders,
};

use crate::error::Error;
use crate::path_text::shown;
use crate::unmount::execution::Execution;
use crate::unmount::target::Target;

/// For how many busy mounts the report names the holders. Each search looks at all processes.
const SEARCH_LIMIT: usize = 8;

/// How many holders are named. The others are only counted.
const NAMED: usize = 8;

/// Says whether nothing is mounted on it, and who holds it.
///
/// A lazy unmount also detaches everything that is mounted below. So it is allowed only if
/// nothing is mounted there.
pub(crate) fn who_holds(
    execution: &Execution,
    target: &Target,
) -> Result<(bool, Vec<String>), Error> {
    let table = execution.read_table()?;
    // It is gone by now; the check before the next call notices that.
    let Some(row) = table.by_id(target.mount.mount_id) else {
        return Ok((true, Vec::new()));
    };
    let on_it = table
        .children(row)
        // The root of the namespace is its own parent in the table.
        .filter(|child| child.mount_id() != row.mount_id());
    let on_it: Vec<String> = on_it
        .map(|c| format!("the mount {}", shown(&c.mount_point())))
        .collect();
    if on_it.is_empty() {
        return Ok((true, holders(execution, row)));
    }
    Ok((false, on_it))
}

fn holders(execution: &Execution, row: Row<'_>) -> Vec<String> {
    match execution.searches.fetch_add(1, Ordering::Relaxed) < SEARCH_LIMIT {
        true => name_holders(&row.into()),
        false => Vec::new(),
    }
}

/// Names the processes that use the mount, and other mount namespaces that have a copy of it.
/// What cannot be found out is left out.
fn name_holders(mount: &MountInfo) -> Vec<String> {
    let mut options = HoldersOptions::new();
    options.uses = true;
    let Ok(found) = find_holders(mount, &options) else {
        return Vec::new();
    };
    let mut names: Vec<String> = found.namespaces.iter().flat_map(in_namespace).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    // Without privilege the files of other users' processes cannot be seen, and one of them may
    // be the holder.
    if found.unreadable > 0 {
        let processes = match found.unreadable {
            1 => "a process".to_owned(),
            n => format!("{n} processes"),
        };
        names.push(format!("perhaps {processes} that cannot be looked into"));
    }
    names
}

/// The holders in one namespace. In a foreign namespace the copy alone holds the filesystem,
/// even if no process uses it. Then one process that lives there stands for the namespace.
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
        Some(MountUse::Executable) => ", running program".to_owned(),
        Some(MountUse::Mapping) => ", mapped file".to_owned(),
        Some(MountUse::Descriptor(fd)) => format!(", descriptor {fd}"),
        Some(MountUse::Socket(path)) => format!(", socket {}", shown(path)),
        _ => String::new(),
    };
    format!("{}{how}", bare(process))
}

fn bare(process: &HolderProcess) -> String {
    format!("pid {} ({})", process.pid, shown(process.comm.as_ref()))
}
