//! Reads the tables of the namespaces in which processes live.

use std::os::fd::AsFd;

use rustix::fs::OFlags;

use crate::holders::everywhere::listed::MountNamespace;
use crate::holders::in_parallel;
use crate::holders::processes::member::Member;
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys;
use crate::table::mount_table::MountTable;

/// Reads each namespace through its first process that still lives. `None` stands where none does.
/// Each namespace comes with that process.
pub(crate) fn read_all(
    proc: &ProcDir,
    members: &[(u64, Vec<Member>)],
    own: Option<u64>,
) -> Vec<Option<(Member, MountNamespace)>> {
    let read = |(inode, members): &(u64, Vec<Member>)| read(proc, *inode, members, own);
    in_parallel::map(members, |_| false, read)
}

fn read(
    proc: &ProcDir,
    inode: u64,
    members: &[Member],
    own: Option<u64>,
) -> Option<(Member, MountNamespace)> {
    let text = |member: &Member| {
        let text = proc.read(member.file("mountinfo")).ok()?;
        Some((*member, text))
    };
    // A process may end at any time. Any other one of the namespace tells the same mounts.
    let (speaker, text) = members.iter().find_map(text)?;
    // For reading and not as a place: the ioctl that gives the id needs an open file.
    let file = proc.follow(speaker.file("ns/mnt"), OFlags::RDONLY).ok();
    // A thread beside its process says nothing that the process does not say.
    let whole = members.iter().filter(|member| member.has_own_memory());
    let space = MountNamespace {
        inode,
        namespace_id: file.and_then(|file| sys::namespace_id(file.as_fd()).ok()),
        is_own: own == Some(inode),
        table: MountTable::from_bytes(text),
        processes: whole.map(|member| member.process(proc)).collect(),
        kept_by: Vec::new(),
        root: proc.link(speaker.file("root")).ok(),
    };
    Some((speaker, space))
}
