//! Reads the tables of all mount namespaces.

use std::collections::HashSet;
use std::os::fd::AsFd;

use rustix::fs::OFlags;

use crate::error::Error;
use crate::holders::everywhere::listed::{MountNamespace, Namespaces};
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::listing::{Members, inode_of, members, namespace_of_link};
use crate::holders::processes::member::{Member, running};
use crate::holders::processes::process_view::ProcessView;
use crate::holders::unpopulated::Unpopulated;
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys;
use crate::table::mount_table::MountTable;

/// Reads the mount tables of all namespaces that can be seen.
///
/// Two options count: [`proc`](HoldersOptions::proc) and
/// [`unpopulated`](HoldersOptions::unpopulated). All tables are in memory at once.
///
/// # Errors
///
/// When procfs cannot be read at all, or does not show the calling process. A process that ends
/// meanwhile is passed over. A process that cannot be read is counted.
///
/// # References
///
/// `mount_namespaces(7)`.
pub fn namespaces(options: &HoldersOptions) -> Result<Namespaces, Error> {
    let proc = &options.proc.open()?;
    let view = ProcessView::read(proc)?;
    let mut found = Namespaces {
        hides: view.hides,
        is_initial: view.is_initial,
        ..Namespaces::default()
    };
    // If the own link cannot be read, no namespace is marked as the own one.
    let own = namespace_of_link(proc, "thread-self/ns/mnt").unwrap_or(None);
    let Members {
        by_namespace: members,
        mut unread,
    } = members(proc)?;
    let populated: HashSet<u64> = members.keys().copied().collect();
    let members: Vec<(u64, Vec<Member>)> = members.into_iter().collect();
    let read = |(inode, members): &(u64, Vec<Member>)| read(proc, *inode, members);
    let spaces = in_parallel::map(&members, |_| false, read);
    // A namespace whose table nobody gives is missing, and so its processes are unread.
    for (_, (_, members)) in spaces.iter().zip(&members).filter(|(s, _)| s.is_none()) {
        unread.extend(running(proc, members));
    }
    let spaces: Vec<(Member, MountNamespace)> = spaces.into_iter().flatten().collect();
    if options.unpopulated {
        let is_populated = |inode| populated.contains(&inode);
        let mut unpopulated = Unpopulated::new(&options.proc, proc, is_populated);
        // A bind is reached through the root directory of a process in the namespace that has it.
        for (speaker, space) in &spaces {
            let rows = space.table.rows().filter(|row| row.has_fs_type("nsfs"));
            let binds = rows.filter_map(|r| Some((inode_of(&r.root())?, r.mount_point().into())));
            let binds: Vec<(u64, std::path::PathBuf)> = binds.collect();
            unpopulated.by_binds(speaker, space.inode, &binds);
        }
        let all: Vec<Member> = members.iter().flat_map(|(_, m)| m.clone()).collect();
        unread.extend(unpopulated.by_descriptors(&all));
        found.closed = unpopulated.add_namespaces(&mut found.namespaces);
    }
    found.unreadable = unread.len();
    let spaces = spaces.into_iter().map(|(_, space)| MountNamespace {
        is_own: own == Some(space.inode),
        ..space
    });
    found.namespaces.extend(spaces);
    found.namespaces.sort_by_key(|space| {
        let first = space.processes.first().map(|process| process.pid);
        (!space.is_own, first.is_none(), first)
    });
    Ok(found)
}

/// Reads the namespace through its first process that still lives.
fn read(proc: &ProcDir, inode: u64, members: &[Member]) -> Option<(Member, MountNamespace)> {
    let text = |member: &Member| {
        let text = proc.read(member.file("mountinfo")).ok()?;
        Some((*member, text))
    };
    let (speaker, text) = members.iter().find_map(text)?;
    // For reading and not as a place: the ioctl that gives the id needs an open file.
    let file = proc.follow(speaker.file("ns/mnt"), OFlags::RDONLY).ok();
    // A thread beside its process says nothing that the process does not say.
    let whole = members.iter().filter(|member| member.has_own_memory());
    let space = MountNamespace {
        inode,
        namespace_id: file.and_then(|file| sys::namespace_id(file.as_fd()).ok()),
        is_own: false,
        table: MountTable::from_bytes(text),
        processes: whole.map(|member| member.process(proc)).collect(),
        kept_by: Vec::new(),
        root: proc.link(speaker.file("root")).ok(),
    };
    Some((speaker, space))
}
