//! Looks at all processes of a mount namespace.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::holders::in_parallel;
use crate::holders::processes::listing::Members;
use crate::holders::processes::member::Member;
use crate::holders::processes::process_view::ProcessView;
use crate::holders::processes::repeats::Repeats;
use crate::holders::processes::stat::is_running;
use crate::holders::residents::answer::Resident;
use crate::ids::{Device, MountId};
use crate::kernel::procfs::ProcDir;
use crate::row::borrowed::Row;
use crate::table::mount_table::MountTable;

pub(super) struct Census<'p> {
    pub(super) proc: &'p ProcDir,
    pub(super) devices: Option<HashSet<Device>>,
    /// A table that is known already, and whose it is.
    pub(super) own: Option<Own<'p>>,
    /// Processes of which something could not be read.
    pub(super) again: Mutex<BTreeSet<u32>>,
}

/// The caller's own table. It is used for processes in the caller's namespace with the caller's
/// root directory.
pub(super) struct Own<'p> {
    namespace: u64,
    root: PathBuf,
    table: &'p MountTable,
}

pub(super) fn own<'p>(
    proc: &ProcDir,
    view: &ProcessView,
    table: Option<&'p MountTable>,
) -> Option<Own<'p>> {
    Some(Own {
        namespace: view.own_namespace?,
        root: proc.link("thread-self/root").ok()?,
        table: table?,
    })
}

/// A mount table as it looks from one root directory.
pub(super) struct View<'p> {
    pub(super) table: Cow<'p, MountTable>,
    /// Whether the table has a mount of a wanted device.
    pub(super) has_wanted: bool,
}

/// A mount namespace, with its mounts of wanted devices.
pub(super) struct Space<'v> {
    pub(super) namespace: u64,
    pub(super) wanted: HashMap<MountId, Row<'v>>,
}

/// Where a process lives: the device and root of a mount, and its id.
pub(super) type Home = (Device, Option<PathBuf>, Option<MountId>);

impl Census<'_> {
    /// Finds the residents among some processes. The second value has the processes of which
    /// something could not be read.
    pub(super) fn look(&self, members: &Members) -> (Vec<Resident>, BTreeSet<u32>) {
        let spaces = members.by_namespace.iter();
        let spaces: Vec<(u64, &[Member])> = spaces.map(|(&n, m)| (n, &m[..])).collect();
        let look = |&(namespace, members): &(u64, &[Member])| self.namespace(namespace, members);
        let found = in_parallel::map(&spaces, |_| false, look);
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unread = std::mem::take(&mut *again);
        unread.extend(&members.unread);
        (found.into_iter().flatten().collect(), unread)
    }

    /// Finds the residents among the members of a namespace.
    fn namespace(&self, namespace: u64, members: &[Member]) -> Vec<Resident> {
        // The text of the link names the root directory: within one namespace, two roots differ in
        // it.
        let root = |member: &Member| self.seen(member, self.proc.link(member.file("root")));
        let roots = in_parallel::map(members, |_| false, root);
        let rooted = members.iter().zip(roots);
        let rooted: Vec<(&Member, PathBuf)> = rooted.filter_map(|(m, r)| Some((m, r?))).collect();
        let mut views: BTreeMap<&Path, View<'_>> = BTreeMap::new();
        for (member, root) in &rooted {
            if !views.contains_key(&**root) {
                let own = self
                    .own
                    .as_ref()
                    .filter(|own| (own.namespace, &own.root) == (namespace, root));
                // If this process has ended, the next one with the same root gives the table.
                let view = match own {
                    Some(own) => Some(self.view(Cow::Borrowed(own.table))),
                    None => self.table(member).map(|table| self.view(Cow::Owned(table))),
                };
                views.extend(view.map(|view| (&**root, view)));
            }
        }
        // From all views: a link may lead out of the root directory of its own process.
        let wanted = views.values().flat_map(|view| view.table.rows());
        let wanted = wanted.filter(|row| self.is_wanted(row.device()));
        let space = Space {
            namespace,
            wanted: wanted.map(|row| (row.mount_id(), row)).collect(),
        };
        let look = |(member, root): &(&Member, PathBuf)| {
            // If no table could be read, each process has been noted as a gap.
            let view = views.get(&**root);
            view.map_or_else(Vec::new, |view| self.of_member(member, root, view, &space))
        };
        let mut found = in_parallel::map(&rooted, |_| false, look);
        let mut repeats = Repeats::new();
        let is_merged = members.iter().any(Member::may_repeat);
        for ((member, _), found) in rooted.iter().zip(&mut found).filter(|_| is_merged) {
            let key = |r: &Resident| (r.how, r.device, r.root.clone(), r.mount_id);
            repeats.merge(member, found, key);
        }
        found.into_iter().flatten().collect()
    }

    fn table(&self, member: &Member) -> Option<MountTable> {
        let file = self.proc.file(member.file("mountinfo"));
        self.seen(member, file.and_then(MountTable::from_reader))
    }

    fn view<'t>(&self, table: Cow<'t, MountTable>) -> View<'t> {
        let has_wanted = table.rows().any(|row| self.is_wanted(row.device()));
        View { table, has_wanted }
    }

    /// What was read of a process. If it could not be read and the process still runs, it is looked
    /// at again.
    pub(super) fn seen<T>(&self, member: &Member, read: Result<T, Error>) -> Option<T> {
        if read.is_err() {
            self.look_again(member);
        }
        read.ok()
    }

    /// Has a process looked at again, if it runs or one of its threads does. A thread beside its
    /// process counts only if it runs itself.
    pub(super) fn look_again(&self, member: &Member) {
        let may_run = member.has_own_memory() || member.runs(self.proc);
        if !may_run || !is_running(self.proc, member.pid) {
            return;
        }
        let again = self.again.lock();
        let mut again = again.unwrap_or_else(PoisonError::into_inner);
        again.insert(member.pid);
    }

    pub(super) fn is_wanted(&self, device: Device) -> bool {
        self.devices
            .as_ref()
            .is_none_or(|set| set.contains(&device))
    }
}
