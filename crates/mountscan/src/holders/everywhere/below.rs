//! Finds who uses files below a directory, by the paths of the files.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::holders::facts::reader::LOOKS;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::listing::{members, own_pid};
use crate::holders::processes::member::Member;
use crate::holders::processes::repeats::Repeats;
use crate::holders::processes::stat::is_over;
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
    /// The files and directories that would tell of further loop devices or swap files and could
    /// not be read.
    pub kernel_unread: Vec<PathBuf>,
    /// How many processes run and could not be looked into, or not into all that tells of uses.
    pub unreadable: usize,
}

/// Finds the processes that use a directory or something below it: as root directory, working
/// directory or program, as mapped or open files, or by a Unix socket that is bound there. It also
/// finds the loop devices and swap files there.
///
/// A socket that was bound by a relative path is not found, and is no gap: the kernel tells the
/// path as it was written, and its process may have another working directory by now.
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
    let mut unread = all.unread;
    let processes: Vec<Member> = all.by_namespace.into_values().flatten().collect();
    let own = own_pid(proc);
    // The own process comes first, before helper threads have files open.
    let is_own = |member: &Member| Some(member.pid) == own;
    let sockets = BoundSockets::below(proc, vec![directory.to_owned()]);
    let look = |member: &Member| of_member(proc, member, directory, &sockets);
    let seen = in_parallel::map(&processes, is_own, look);
    let mut repeats = Repeats::new();
    for (member, mut seen) in processes.iter().zip(seen) {
        repeats.merge(member, &mut seen.uses, MountUse::clone);
        if seen.has_gap {
            unread.insert(member.pid);
        }
        if !seen.uses.is_empty() {
            found.processes.push(HolderProcess {
                uses: seen.uses,
                is_unread: seen.has_gap,
                ..member.process(proc)
            });
        }
    }
    found.unreadable = unread.len();
    found
        .processes
        .sort_by_key(|process| (process.pid, process.thread));
    let all = kernel_uses(proc, &options.sys, |file| file.starts_with(directory));
    (found.kernel, found.kernel_unread) = (all.uses, all.unread);
    Ok(found)
}

/// What was found about a process.
#[derive(Default)]
struct Seen {
    uses: Vec<MountUse>,
    /// Whether something of it could not be read, although it runs.
    has_gap: bool,
}

fn of_member(
    proc: &ProcDir,
    member: &Member,
    directory: &Path,
    sockets: &BoundSockets<'_>,
) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..LOOKS {
        seen = uses(proc, member, directory, sockets);
        seen.has_gap = seen.has_gap && member.runs(proc);
        if !seen.has_gap {
            break;
        }
    }
    seen
}

fn uses(proc: &ProcDir, member: &Member, directory: &Path, sockets: &BoundSockets<'_>) -> Seen {
    let mut seen = Seen::default();
    let (place, memory) = (member.has_own_place(), member.has_own_memory());
    for (name, is_own, how) in [
        ("cwd", place, MountUse::WorkingDirectory),
        ("root", place, MountUse::RootDirectory),
        ("exe", memory, MountUse::Executable),
    ] {
        if !is_own {
            continue;
        }
        // Only the text of the link: to open it could wait for a server. A removed file has a mark
        // at the end of its path, which leaves the directories above it as they are.
        match proc.link(member.file(name)) {
            Ok(text) if text.starts_with(directory) => seen.uses.push(how),
            Ok(_) => {}
            Err(_) => seen.has_gap = true,
        }
    }
    if memory {
        let maps = proc.read(member.file("maps"));
        seen.has_gap |= maps.is_err();
        let maps = maps.unwrap_or_default();
        if mapped_files(&maps).any(|file| file.path.starts_with(directory)) {
            seen.uses.push(MountUse::Mapping);
        }
    }
    if member.shows_descriptors() {
        add_descriptors(proc, member, directory, sockets, &mut seen);
    }
    seen
}

fn add_descriptors(
    proc: &ProcDir,
    member: &Member,
    directory: &Path,
    sockets: &BoundSockets<'_>,
    seen: &mut Seen,
) {
    let numbers = proc.numbers(member.file("fd"));
    seen.has_gap |= numbers.is_err();
    let mut bound = None;
    for number in numbers.unwrap_or_default() {
        match proc.link(member.file(&format!("fd/{number}"))) {
            Ok(link) if link.starts_with(directory) => {
                seen.uses.push(MountUse::Descriptor(number));
            }
            Ok(link) => {
                let Some(inode) = inode_of(&link) else {
                    continue;
                };
                match bound.get_or_insert_with(|| sockets.of(member)) {
                    Ok(bound) => {
                        let path = bound.paths.get(&inode).cloned();
                        seen.uses.extend(path.map(MountUse::Socket));
                    }
                    Err(_) => seen.has_gap = true,
                }
            }
            // It was closed since the list was made.
            Err(error) if is_over(&error) => {}
            Err(_) => seen.has_gap = true,
        }
    }
}
