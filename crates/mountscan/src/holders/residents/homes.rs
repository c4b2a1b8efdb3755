//! Where one process lives: the file systems to which its links and maps lead.
//!
//! No file system is asked anything. A link is opened as a place only. On NFS and 9p even that
//! could wait for a server, so such a link is not opened.

use std::collections::HashSet;
use std::path::Path;

use rustix::fs::OFlags;

use crate::holders::processes::member::Member;
use crate::holders::processes::stat::{Run, run_of};
use crate::holders::residents::answer::{Resident, ResidentUse};
use crate::holders::residents::census::{Census, Home, Space, View};
use crate::holders::uses::maps::{Mapped, mapped_files};
use crate::holders::uses::seen_from::{inside, may_wait};
use crate::kernel::identity::identity_at;
use crate::row::borrowed::Row;

impl Census<'_> {
    pub(super) fn of_member(
        &self,
        member: &Member,
        root: &Path,
        view: &View<'_>,
        space: &Space<'_>,
    ) -> Vec<Resident> {
        // Descriptors are no home.
        if !member.has_own_place() && !member.has_own_memory() {
            return Vec::new();
        }
        // The program first: a thread of the kernel has none, and lives nowhere.
        let exe = self.proc.link(member.file("exe"));
        if exe.is_err() && run_of(self.proc, &member.directory()) == Run::OfKernel {
            return Vec::new();
        }
        let exe = self.seen(member, exe).filter(|_| member.has_own_memory());
        let cwd = self.seen(member, self.proc.link(member.file("cwd")));
        let mut homes: Vec<(ResidentUse, Home)> = Vec::new();
        // The row at "/" is the mount of the root directory, even if the text of the link leads
        // nowhere.
        let at_root = view.table.mount_of(Path::new("/"));
        homes.extend(at_root.map(|row| (ResidentUse::RootDirectory, home(row))));
        for (name, how, text) in [
            ("root", ResidentUse::RootDirectory, Some(root)),
            ("cwd", ResidentUse::WorkingDirectory, cwd.as_deref()),
            ("exe", ResidentUse::Executable, exe.as_deref()),
        ] {
            let found = text.and_then(|text| self.by_link(member, (name, text), root, view, space));
            homes.extend(found.map(|home| (how, home)));
        }
        if member.has_own_memory() {
            self.add_mapped(member, root, view, &mut homes);
        }
        let mut seen = HashSet::new();
        // A process that maps a hundred files of one mount is one resident and not a hundred.
        homes.retain(|home| self.is_wanted(home.1.0) && seen.insert(home.clone()));
        if homes.is_empty() {
            return Vec::new();
        }
        let process = member.process(self.proc);
        let resident = |(how, (device, root, mount_id)): (ResidentUse, Home)| Resident {
            pid: process.pid,
            thread: process.thread,
            comm: process.comm.clone(),
            namespace: space.namespace,
            how,
            device,
            root,
            mount_id,
        };
        homes.into_iter().map(resident).collect()
    }

    /// The mount to which a link of procfs leads.
    fn by_link(
        &self,
        member: &Member,
        (name, text): (&str, &Path),
        root: &Path,
        view: &View<'_>,
        space: &Space<'_>,
    ) -> Option<Home> {
        let link = &member.file(name);
        let by_path = inside(text, root).and_then(|path| view.table.mount_of(&path));
        // The server may be gone. The path alone answers here, so that the search does not hang.
        if let Some(row) = by_path.filter(may_wait) {
            return Some(home(row));
        }
        // A kernel before 5.8 tells the mount of an open file only.
        let Some((mount_id, device)) = self.proc.place_of(link) else {
            let file = self.seen(member, self.proc.follow(link, OFlags::PATH))?;
            let identity = self.seen(member, identity_at(&file, Path::new("")))?;
            return space.wanted.get(&identity.mount_id?).copied().map(home);
        };
        // A mount that is in no table any more, or is of another namespace, may still be of a
        // wanted file system.
        let elsewhere = || Some((device, None, Some(mount_id)));
        space
            .wanted
            .get(&mount_id)
            .copied()
            .map(home)
            .or_else(elsewhere)
    }

    fn add_mapped(
        &self,
        member: &Member,
        root: &Path,
        view: &View<'_>,
        homes: &mut Vec<(ResidentUse, Home)>,
    ) {
        let maps = self.seen(member, self.proc.read(member.file("maps")));
        // A thread that has just ended has no maps, and that is no error. Others of its process may
        // go on.
        if maps.as_ref().is_some_and(Vec::is_empty)
            && run_of(self.proc, &member.directory()) == Run::Ended
        {
            self.look_again(member);
        }
        let maps = maps.unwrap_or_default();
        let by_map = mapped_files(&maps).filter_map(|file| self.by_map(&file, root, view));
        homes.extend(by_map.map(|home| (ResidentUse::Mapping, home)));
    }

    /// The mount on which a mapped file lies. For a file on an overlay, older kernels give the
    /// device of the layer below. So the path is looked at, too.
    fn by_map(&self, file: &Mapped<'_>, root: &Path, view: &View<'_>) -> Option<Home> {
        let is_wanted = self.is_wanted(file.device);
        if !is_wanted && !view.has_wanted {
            return None;
        }
        let path = inside(file.path, root);
        match path.and_then(|path| view.table.mount_of(&path)) {
            Some(row) if row.device() == file.device => Some(home(row)),
            _ if is_wanted => Some((file.device, None, None)),
            Some(row) => Some(home(row)),
            None => None,
        }
    }
}

fn home(row: Row<'_>) -> Home {
    (
        row.device(),
        Some(row.root().into_owned()),
        Some(row.mount_id()),
    )
}
