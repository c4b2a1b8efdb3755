//! One look at all mount namespaces and processes, for several questions.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use crate::error::Error;
use crate::holders::everywhere::listed::{MountNamespace, Namespaces};
use crate::holders::everywhere::tables::read_all;
use crate::holders::facts::process_facts::{FileKind, ProcessFacts};
use crate::holders::facts::reader::Reader;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::listing::{Members, inode_of, members, namespace_of_link};
use crate::holders::processes::member::{Member, running};
use crate::holders::processes::process_view::ProcessView;
use crate::holders::processes::repeats::Repeats;
use crate::holders::unpopulated::Unpopulated;
use crate::kernel::procfs::ProcDir;
use crate::table::mount_table::MountTable;

/// All mount namespaces that can be seen, and what their processes use.
///
/// Each namespace and each process is read once, however many questions follow. All tables are in
/// memory at once.
///
/// # Examples
///
/// ```no_run
/// use mountscan::{HoldersOptions, Survey};
///
/// let mut options = HoldersOptions::new();
/// options.uses = true;
/// let survey = Survey::read(&options)?;
/// let own = survey.namespaces().namespaces.iter().find(|space| space.is_own);
/// if let Some(mount) = own.and_then(|own| own.table.topmost("/mnt".as_ref())) {
///     let users = survey.holders(&mount.into()).is_used();
///     println!("used: {users}");
/// }
/// # Ok::<(), mountscan::Error>(())
/// ```
#[derive(Debug)]
pub struct Survey {
    pub(crate) proc: ProcDir,
    pub(crate) options: HoldersOptions,
    pub(crate) namespaces: Namespaces,
    /// The processes of each namespace, by its inode.
    pub(crate) looked: BTreeMap<u64, Vec<Looked>>,
    /// Processes that run and of which something could not be read.
    pub(crate) unread: BTreeSet<u32>,
}

/// A process, and what has been read of it if uses are asked for.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) member: Member,
    pub(crate) facts: ProcessFacts,
}

impl Survey {
    /// Looks at all mount namespaces and processes.
    ///
    /// # Errors
    ///
    /// When procfs cannot be read at all, or does not show the calling process. A process that ends
    /// meanwhile is passed over. A process that cannot be read is counted.
    pub fn read(options: &HoldersOptions) -> Result<Self, Error> {
        let view = ProcessView::read(&options.proc.open()?)?;
        let mut survey = Self::look(options)?;
        survey.namespaces.hides = view.hides;
        survey.namespaces.is_initial = view.is_initial;
        Ok(survey)
    }

    /// The namespaces, with their tables.
    pub fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// The namespaces, with their tables. What was read of processes is dropped.
    pub fn into_namespaces(self) -> Namespaces {
        self.namespaces
    }

    /// The same without a look at what procfs hides.
    pub(crate) fn look(options: &HoldersOptions) -> Result<Self, Error> {
        let proc = options.proc.open()?;
        // If the own link cannot be read, or procfs does not show this thread, no namespace is the
        // own one.
        let own = namespace_of_link(&proc, "thread-self/ns/mnt").unwrap_or(None);
        let Members {
            by_namespace: members,
            mut unread,
        } = members(&proc)?;
        let populated: HashSet<u64> = members.keys().copied().collect();
        let members: Vec<(u64, Vec<Member>)> = members.into_iter().collect();
        let spaces = read_all(&proc, &members, own);
        // A namespace whose table nobody gives is missing, and so its processes are unread.
        for (_, (_, members)) in spaces.iter().zip(&members).filter(|(s, _)| s.is_none()) {
            unread.extend(running(&proc, members));
        }
        let (spaces, members): (Vec<_>, Vec<_>) = spaces
            .into_iter()
            .zip(members)
            .filter_map(|(space, (_, members))| Some((space?, members)))
            .unzip();
        let looked = match options.uses {
            true => look_at_all(&proc, &spaces, members),
            false => members.into_iter().map(unseen).collect(),
        };
        let gaps = looked.iter().flatten().filter(|seen| seen.facts.has_gap);
        unread.extend(gaps.map(|seen| seen.member.pid));
        let mut found = Namespaces::default();
        if options.unpopulated {
            let is_populated = |inode| populated.contains(&inode);
            let mut unpopulated = Unpopulated::new(&options.proc, &proc, is_populated);
            add_keepers(&mut unpopulated, &spaces, &looked);
            if !options.uses {
                let all = looked.iter().flatten().map(|seen| seen.member);
                unread.extend(unpopulated.by_descriptors(&all.collect::<Vec<_>>()));
            }
            found.closed = unpopulated.add_namespaces(&mut found.namespaces);
        }
        let inodes: Vec<u64> = spaces.iter().map(|(_, space)| space.inode).collect();
        found
            .namespaces
            .extend(spaces.into_iter().map(|(_, space)| space));
        found.namespaces.sort_by_key(|space| {
            let first = space.processes.first().map(|process| process.pid);
            (!space.is_own, first.is_none(), first)
        });
        found.unreadable = unread.len();
        Ok(Self {
            proc,
            options: options.clone(),
            namespaces: found,
            looked: inodes.into_iter().zip(looked).collect(),
            unread,
        })
    }
}

fn unseen(members: Vec<Member>) -> Vec<Looked> {
    let members = members.into_iter().map(|member| Looked {
        member,
        facts: ProcessFacts::default(),
    });
    members.collect()
}

/// Reads all processes of all namespaces.
fn look_at_all(
    proc: &ProcDir,
    spaces: &[(Member, MountNamespace)],
    members: Vec<Vec<Member>>,
) -> Vec<Vec<Looked>> {
    let reader = Reader::new(proc, spaces.iter().map(|(_, space)| &space.table));
    let mut all: Vec<(Member, &MountTable)> = Vec::new();
    for ((_, space), members) in spaces.iter().zip(&members) {
        all.extend(members.iter().map(|&member| (member, &space.table)));
    }
    let facts = in_parallel::map(
        &all,
        |(member, _)| reader.is_own(member),
        |(member, table)| reader.read(member, table),
    );
    let mut facts = facts.into_iter();
    let mut looked = |members: Vec<Member>| {
        let members = members.into_iter().zip(facts.by_ref());
        members
            .map(|(member, facts)| Looked { member, facts })
            .collect()
    };
    members.into_iter().map(&mut looked).collect()
}

/// Adds the binds and descriptors that have been read and that keep namespaces.
fn add_keepers<P: Fn(u64) -> bool>(
    unpopulated: &mut Unpopulated<'_, P>,
    spaces: &[(Member, MountNamespace)],
    looked: &[Vec<Looked>],
) {
    // A bind is reached through the root directory of a process in the namespace that has it.
    for (speaker, space) in spaces {
        let rows = space.table.rows().filter(|row| row.has_fs_type("nsfs"));
        let binds = rows.filter_map(|r| Some((inode_of(&r.root())?, r.mount_point().into())));
        let binds: Vec<(u64, PathBuf)> = binds.collect();
        unpopulated.by_binds(speaker, space.inode, &binds);
    }
    let mut repeats = Repeats::new();
    for seen in looked.iter().flatten() {
        // Shared descriptors are named once, by the process.
        let files = seen.facts.descriptors.iter();
        let files = files.filter(|_| seen.member.has_own_descriptors());
        let mut found: Vec<(u32, u64)> = files
            .filter_map(|file| match file.kind {
                FileKind::Namespace(inode) => Some((file.number, inode)),
                _ => None,
            })
            .collect();
        repeats.merge(&seen.member, &mut found, |&found| found);
        unpopulated.by_descriptors_of(&seen.member, &found);
    }
}
