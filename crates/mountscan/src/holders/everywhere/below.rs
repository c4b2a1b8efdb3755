//! Finds who uses files below a directory, by the paths of the files.

use std::path::Path;

use crate::error::Error;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::{Member, members, own_pid};
use crate::holders::report::{HolderProcess, KernelUse, MountUse};
use crate::holders::uses::bound_sockets::BoundSockets;
use crate::holders::uses::kernel_uses::kernel_uses;
use crate::holders::uses::maps::mapped_files;
use crate::holders::uses::sockets::inode_of;
use crate::kernel::procfs::ProcDir;

/// Who uses files below a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryUsers {
    /// The processes, and how they use it.
    pub processes: Vec<HolderProcess>,
    /// What the kernel has open there: loop devices and swap files.
    pub kernel: Vec<KernelUse>,
    /// How many processes could not be looked into, because a privilege is missing.
    pub unreadable: usize,
}

/// Finds the processes that use a directory or something below it: as root directory, working
/// directory or program, as mapped or open files, or by a Unix socket that is bound there. It also
/// finds the loop devices and swap files there.
///
/// A socket that was bound by a relative path is not found: the kernel does not say where it is.
///
/// The paths are those that the kernel gives. A file of another container that has the same path is
/// found, too: before something is removed, it is better to look twice. A removed file counts.
///
/// # Errors
///
/// When procfs cannot be read at all. A process that ends meanwhile is passed over. A process that
/// cannot be read is counted.
pub fn directory_users(
    directory: &Path,
    options: &HoldersOptions,
) -> Result<DirectoryUsers, Error> {
    let proc = &options.proc.open()?;
    let mut found = DirectoryUsers::default();
    let all = members(proc)?;
    found.unreadable = all.unread.len();
    let processes: Vec<Member> = all.by_namespace.into_values().flatten().collect();
    let own = own_pid(proc);
    // The own process comes first, before helper threads have files open.
    let is_own = |member: &Member| Some(member.pid) == own;
    let sockets = BoundSockets::below(proc, vec![directory.to_owned()]);
    let look = |member: &Member| {
        let uses = uses(proc, member, directory, &sockets);
        (!uses.is_empty()).then(|| HolderProcess {
            uses,
            ..member.process(proc)
        })
    };
    let using = in_parallel::map(&processes, is_own, look);
    found.processes = using.into_iter().flatten().collect();
    found
        .processes
        .sort_by_key(|process| (process.pid, process.thread));
    found.kernel = kernel_uses(proc, &options.sys, |file| file.starts_with(directory));
    Ok(found)
}

fn uses(
    proc: &ProcDir,
    member: &Member,
    directory: &Path,
    sockets: &BoundSockets<'_>,
) -> Vec<MountUse> {
    let leads_there = |name: &str| {
        // Only the text of the link: to open it could wait for a server. A removed file has a mark
        // at the end of its path, which leaves the directories above it as they are.
        let text = proc.link(member.file(name));
        text.is_ok_and(|text| text.starts_with(directory))
    };
    let mut uses: Vec<MountUse> = [
        ("cwd", MountUse::WorkingDirectory),
        ("root", MountUse::RootDirectory),
        ("exe", MountUse::Executable),
    ]
    .into_iter()
    .filter_map(|(name, how)| leads_there(name).then_some(how))
    .collect();
    let maps = proc.read(member.file("maps")).unwrap_or_default();
    if mapped_files(&maps).any(|file| file.path.starts_with(directory)) {
        uses.push(MountUse::Mapping);
    }
    let mut bound = None;
    for number in proc.numbers(member.file("fd")).unwrap_or_default() {
        let Ok(link) = proc.link(member.file(&format!("fd/{number}"))) else {
            continue;
        };
        if link.starts_with(directory) {
            uses.push(MountUse::Descriptor(number));
        } else if let Some(inode) = inode_of(&link) {
            let bound = bound.get_or_insert_with(|| sockets.of(member));
            uses.extend(bound.get(&inode).cloned().map(MountUse::Socket));
        }
    }
    uses
}
