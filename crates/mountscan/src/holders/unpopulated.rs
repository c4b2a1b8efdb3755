//! Finds mount namespaces in which no process lives, by what keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, StatxFlags};

use crate::holders::everywhere::listed::MountNamespace;
use crate::holders::in_parallel;
use crate::holders::processes::listing::{inode_of, own_pid};
use crate::holders::processes::member::Member;
use crate::holders::processes::repeats::Repeats;
use crate::holders::processes::stat::is_over;
use crate::holders::report::NamespaceKeeper;
use crate::kernel::identity::look;
use crate::kernel::procfs::{Proc, ProcDir};
use crate::kernel::sys;
use crate::table::mount_table::MountTable;
use crate::table::origin::{ReadOptions, Source};

/// Opens as a place only, so that nothing mounted is touched.
const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// The namespaces without processes that have been found so far.
pub(crate) struct Unpopulated<'p, P> {
    source: &'p Proc,
    proc: &'p ProcDir,
    /// Whether a process lives in the namespace of this inode.
    is_populated: P,
    /// By inode: the open nsfs file, and what keeps the namespace. The open file also keeps it
    /// until its table has been read.
    found: BTreeMap<u64, (File, Vec<NamespaceKeeper>)>,
    /// Inodes of namespaces that something keeps and that could not be opened by it.
    unopened: BTreeSet<u64>,
}

impl<'p, P: Fn(u64) -> bool> Unpopulated<'p, P> {
    pub(crate) fn new(source: &'p Proc, proc: &'p ProcDir, is_populated: P) -> Self {
        Self {
            source,
            proc,
            is_populated,
            found: BTreeMap::new(),
            unopened: BTreeSet::new(),
        }
    }

    /// Looks at the descriptors of processes and of threads with descriptors of their own, by a few
    /// threads. Returns the processes that run and whose descriptors could not be read.
    pub(crate) fn by_descriptors(&mut self, members: &[Member]) -> Vec<u32> {
        let proc = self.proc;
        // The own process is looked at before helper threads open files in it.
        let own = own_pid(proc);
        let is_own = |member: &&Member| Some(member.pid) == own;
        let members: Vec<&Member> = members.iter().filter(|m| m.has_own_descriptors()).collect();
        let all = in_parallel::map(&members, is_own, |member| descriptors(proc, member));
        let mut unread = Vec::new();
        let mut repeats = Repeats::new();
        for (member, mut seen) in members.into_iter().zip(all) {
            repeats.merge(member, &mut seen.found, |&found| found);
            self.by_descriptors_of(member, &seen.found);
            if seen.has_gap && member.runs(proc) {
                unread.push(member.pid);
            }
        }
        unread
    }

    /// Looks at descriptors of a process that are known to be of mount namespaces.
    pub(crate) fn by_descriptors_of(&mut self, member: &Member, seen: &[(u32, u64)]) {
        for &(descriptor, inode) in seen {
            let name = member.file(&format!("fd/{descriptor}"));
            let place = self.proc.follow(&name, OFlags::PATH);
            let keeper = NamespaceKeeper::Descriptor {
                pid: member.pid,
                thread: member.thread(),
                descriptor,
            };
            // A descriptor that was closed since keeps nothing.
            if !self.add(inode, place.ok(), keeper) && self.leads_to(&name, inode) {
                self.unopened.insert(inode);
            }
        }
    }

    /// Whether a link still leads to a namespace, as far as can be seen.
    fn leads_to(&self, name: &str, inode: u64) -> bool {
        match self.proc.link(name) {
            Ok(text) => inode_of(&text) == Some(inode),
            Err(error) => !is_over(&error),
        }
    }

    /// Looks at the binds of nsfs files that the namespace of a process has.
    pub(crate) fn by_binds(&mut self, member: &Member, namespace: u64, binds: &[(u64, PathBuf)]) {
        let root = self.proc.follow(member.file("root"), OFlags::PATH).ok();
        let mut missed = Vec::new();
        for (inode, mount_point) in binds {
            if (self.is_populated)(*inode) {
                continue;
            }
            let inside = mount_point.strip_prefix("/").unwrap_or(mount_point);
            // The kernel shows mount points without links. But somebody who lives there may have
            // made a link since.
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            let open = |root| rustix::fs::openat2(root, inside, PLACE, Mode::empty(), resolve);
            let place = root.as_ref().and_then(|root| open(root).ok());
            let keeper = NamespaceKeeper::Bind {
                namespace,
                mount_point: mount_point.clone(),
            };
            if !self.add(*inode, place, keeper) {
                missed.push((*inode, mount_point));
            }
        }
        if missed.is_empty() {
            return;
        }
        // Another mount may hide the bind, or a privilege is missing. But the bind may also be gone
        // since the table was read: then it keeps nothing.
        let table = self.proc.read(member.file("mountinfo")).ok();
        let table = table.map(MountTable::from_bytes);
        let is_there = |&(inode, mount_point): &(u64, &PathBuf)| {
            let Some(table) = &table else { return true };
            let mut rows = table.at(mount_point).into_iter();
            rows.any(|row| row.has_fs_type("nsfs") && inode_of(&row.root()) == Some(inode))
        };
        let there = missed.into_iter().filter(is_there).map(|(inode, _)| inode);
        self.unopened.extend(there);
    }

    /// Adds what keeps a namespace. False if the namespace could not be opened.
    fn add(&mut self, inode: u64, place: Option<OwnedFd>, keeper: NamespaceKeeper) -> bool {
        if (self.is_populated)(inode) {
            return true;
        }
        if let Some((_, keepers)) = self.found.get_mut(&inode) {
            keepers.push(keeper);
            return true;
        }
        let file = place.and_then(|place| self.open(&place, inode));
        let is_open = file.is_some();
        let found = file.map(|file| (inode, (file, vec![keeper])));
        self.found.extend(found);
        is_open
    }

    /// How many namespaces nothing that keeps them could open.
    fn closed(&self) -> usize {
        let is_closed = |inode: &&u64| !self.found.contains_key(inode);
        self.unopened.iter().filter(is_closed).count()
    }

    /// Opens the nsfs file at a place, if it is the file of this inode. Meanwhile anything else
    /// could have come to that place.
    fn open(&self, place: &OwnedFd, inode: u64) -> Option<File> {
        let number_of = |file: BorrowedFd<'_>| {
            let seen = look(file, Path::new(""), StatxFlags::empty()).ok()?;
            Some(((seen.stx_dev_major, seen.stx_dev_minor), seen.stx_ino))
        };
        let own = self
            .proc
            .follow("thread-self/ns/mnt", OFlags::RDONLY)
            .ok()?;
        // All namespaces have their files on one nsfs. The own one shows its device.
        let (nsfs, _) = number_of(own.as_fd())?;
        let is_it = number_of(place.as_fd())? == (nsfs, inode);
        // Through the descriptor and not by the path again: the path may lead elsewhere by now.
        let link = format!("thread-self/fd/{}", place.as_raw_fd());
        let file = is_it.then(|| self.proc.follow(link, OFlags::RDONLY).ok())?;
        file.map(File::from)
    }

    /// Reads the table of each namespace and adds it to `found`. Returns how many could not be
    /// read.
    pub(crate) fn add_namespaces(self, found: &mut Vec<MountNamespace>) -> usize {
        let mut options = ReadOptions::new();
        options.proc = self.source.clone();
        let mut closed = self.closed();
        for (inode, (file, kept_by)) in self.found {
            let Ok(table) = MountTable::read(Source::Namespace(file.as_fd()), &options) else {
                closed += 1;
                continue;
            };
            found.push(MountNamespace {
                inode,
                namespace_id: sys::namespace_id(file.as_fd()).ok(),
                is_own: false,
                table,
                processes: Vec::new(),
                kept_by,
                root: None,
            });
        }
        closed
    }
}

/// The descriptors of a process that are of mount namespaces.
#[derive(Debug)]
struct Descriptors {
    /// The number, and the inode of the namespace.
    found: Vec<(u32, u64)>,
    /// Whether something could not be read.
    has_gap: bool,
}

fn descriptors(proc: &ProcDir, member: &Member) -> Descriptors {
    let numbers = proc.numbers(member.file("fd"));
    let (mut found, mut has_gap) = (Vec::new(), numbers.is_err());
    for descriptor in numbers.unwrap_or_default() {
        match proc.link(member.file(&format!("fd/{descriptor}"))) {
            Ok(link) => found.extend(inode_of(&link).map(|inode| (descriptor, inode))),
            // It was closed since the list was made.
            Err(error) if is_over(&error) => {}
            Err(_) => has_gap = true,
        }
    }
    Descriptors { found, has_gap }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::holders::processes::listing::members_of;

    #[test]
    fn one_that_cannot_be_read_hides_no_other() {
        let place = tempfile::tempdir().unwrap();
        let fd = place.path().join("8/fd");
        fs::create_dir_all(fd.join("5")).unwrap();
        for (number, target) in [("4", "mnt:[99]"), ("6", "mnt:[98]"), ("7", "/dev/null")] {
            symlink(target, fd.join(number)).unwrap();
        }
        let proc = Proc::unchecked(place.path()).open().unwrap();
        let seen = descriptors(&proc, &Member::whole(8, None));
        assert_eq!(seen.found, [(4, 99), (6, 98)]);
        assert!(seen.has_gap);
        assert!(descriptors(&proc, &Member::whole(9, None)).has_gap);
    }

    #[test]
    fn a_thread_with_descriptors_of_its_own_keeps_a_namespace() {
        let place = tempfile::tempdir().unwrap();
        let made = |path: &str| fs::create_dir_all(place.path().join(path)).unwrap();
        let link = |text: &str, path: &str| symlink(text, place.path().join(path)).unwrap();
        for task in ["8", "8/task/8", "8/task/9", "8/task/10"] {
            made(&format!("{task}/fd"));
            made(&format!("{task}/ns"));
            link("mnt:[1]", &format!("{task}/ns/mnt"));
            let stat = "7 (x) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 4711 9";
            fs::write(place.path().join(task).join("stat"), stat).unwrap();
        }
        link("mnt:[98]", "8/fd/3");
        for thread in [9, 10] {
            link("mnt:[98]", &format!("8/task/{thread}/fd/3"));
        }
        link("mnt:[99]", "8/task/10/fd/4");
        let source = Proc::unchecked(place.path());
        let proc = source.open().unwrap();
        let members = members_of(&proc, &[8]).by_namespace.remove(&1).unwrap();
        let mut all = Unpopulated::new(&source, &proc, |_| false);
        assert!(all.by_descriptors(&members).is_empty());
        // What a made-up link leads to cannot be opened.
        assert_eq!(all.unopened, BTreeSet::from([98, 99]));
        // Equal descriptors of threads that may share them count once.
        let seen = |member: &Member| descriptors(&proc, member).found;
        let mut repeats = Repeats::new();
        let merged: Vec<_> = members
            .iter()
            .map(|member| {
                let mut found = seen(member);
                repeats.merge(member, &mut found, |&found| found);
                (member.thread(), found)
            })
            .collect();
        let want = [
            (None, vec![(3, 98)]),
            (Some(9), vec![]),
            (Some(10), vec![(4, 99)]),
        ];
        assert_eq!(merged, want);
    }
}
