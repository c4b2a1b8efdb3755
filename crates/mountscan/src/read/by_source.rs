//! Reads a table of the calling thread, of a process or of a namespace.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::OFlags;

use crate::ask::by_ids;
use crate::ask::thread::{mountinfo_in, mountinfo_of, own_namespace_id};
use crate::error::{Error, ErrorKind};
use crate::kernel::procfs::ProcDir;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::sys;
use crate::read::by_process::read_process;
use crate::read::mountinfo::{self, Reading};
use crate::table::consistency::Consistency;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions, Source};

impl MountTable {
    /// Reads the table of the calling thread's mount namespace.
    ///
    /// The table comes from `/proc/thread-self`, because a thread can be in a namespace of its own.
    /// Before Linux 3.17 that is missing. Then it comes from the thread's directory under
    /// `/proc/self/task`, then from `/proc/self`. If procfs is not mounted or cannot be read, the
    /// kernel is asked about each mount (Linux 6.13).
    ///
    /// # Errors
    ///
    /// When none of these is possible.
    pub fn current() -> Result<Self, Error> {
        MountTable::read(Source::Thread, &ReadOptions::new())
    }

    /// Reads the table of a process's mount namespace, as seen from that process's root directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such process, it has exited, or procfs hides it
    /// (`hidepid`). The table of another user's process needs no privilege.
    pub fn of_pid(pid: u32) -> Result<Self, Error> {
        MountTable::read(Source::Pid(pid), &ReadOptions::new())
    }

    /// Reads a table from the kernel.
    ///
    /// A whole table is read as text. That is 1.4 to 2 times cheaper than to ask about every mount.
    /// Another namespace is read by its id if the kernel can do it (Linux 6.13). On older kernels a
    /// thread enters the namespace, or a process that lives there gives the table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::Denied`] as [`of_pid`](Self::of_pid). Without
    /// `CAP_SYS_ADMIN` over a namespace the kernel gives one of these two.
    /// [`ErrorKind::Unsupported`] for a namespace id before Linux 6.11. [`ErrorKind::Unstable`]
    /// when one moment was asked for and not found.
    pub fn read(source: Source<'_>, options: &ReadOptions) -> Result<Self, Error> {
        let mut table = match source {
            Source::Thread => read_thread(options),
            Source::Pid(pid) => read_process(pid, options),
            Source::NamespaceOf(pid) => {
                let name = format!("{pid}/ns/mnt");
                let file = options.proc.open()?.follow(name, OFlags::RDONLY)?;
                read_namespace(file.as_fd(), options)
            }
            Source::Namespace(file) => read_namespace(file, options),
            Source::NamespaceId(id) => read_namespace_id(id, options),
        }?;
        if options.id_maps {
            table.ask_for_id_maps();
        }
        Ok(table)
    }
}

fn read_thread(options: &ReadOptions) -> Result<MountTable, Error> {
    let opened = options.proc.open().and_then(|proc| {
        let name = mountinfo_of(&proc)?;
        let reading = Reading::of(proc.file(&name)?, proc.shown(&name));
        Ok((proc, reading))
    });
    let (proc, mut reading) = match opened {
        Ok(opened) => opened,
        // A container may have no procfs. The calls of Linux 6.13 need none.
        Err(error) => return mount_by_mount(options).ok_or(error),
    };
    let wants_ids = options.unique_ids || options.one_moment || options.id_maps;
    // The lists must be of the same namespace as the text, so its id is needed.
    let lists = wants_ids && KernelQueries::cached() >= KernelQueries::Ids;
    let namespace = lists.then(|| own_namespace_id(&proc));
    let origin = Origin::Thread {
        proc: options.proc.clone(),
        namespace: namespace.unwrap_or(0),
    };
    let table = match namespace {
        Some(id) => mountinfo::listed(&mut reading, &Scope::namespace(id), options, origin),
        None => reading.table(options, origin),
    }?;
    if table.consistency() == Consistency::OrderUnknown {
        // The text contradicts itself each time, but the kernel can be asked about each mount.
        return Ok(mount_by_mount(options).unwrap_or(table));
    }
    Ok(table)
}

/// Reads the table by asking about each mount, if the text gives no answer. `None` if the kernel
/// gives none either.
fn mount_by_mount(options: &ReadOptions) -> Option<MountTable> {
    if KernelQueries::cached() < KernelQueries::Rows {
        return None;
    }
    let origin = Origin::Thread {
        proc: options.proc.clone(),
        namespace: 0,
    };
    let listed = queries::list(&Scope::OWN, 0).ok()?;
    let table = by_ids::ask_all(&Scope::OWN, listed, options.attempts, origin).ok()?;
    // A caller that asked for one moment gets the first failure, not a lesser answer.
    let enough = !options.one_moment || table.consistency() == Consistency::OneMoment;
    enough.then_some(table)
}

fn read_namespace(file: BorrowedFd<'_>, options: &ReadOptions) -> Result<MountTable, Error> {
    if KernelQueries::cached() >= KernelQueries::Rows {
        let id =
            sys::namespace_id(file).map_err(|cause| Error::io("ioctl(NS_GET_MNTNS_ID)", cause))?;
        match read_namespace_id(id, options) {
            // A filter refuses the list. A thread can still enter the namespace.
            Err(error) if queries::is_refused(&error) => {}
            read => return read,
        }
    }
    let proc = options.proc.open()?;
    let shown = proc.shown("thread-self/mountinfo");
    let mut reading = Reading::of(mountinfo_in(&proc, file)?, shown);
    reading.table(options, Origin::Given)
}

fn read_namespace_id(id: u64, options: &ReadOptions) -> Result<MountTable, Error> {
    match KernelQueries::cached() {
        KernelQueries::Absent | KernelQueries::Ids => Err(queries::unsupported(
            &format!("read mount namespace {id}"),
            "6.11",
        )),
        KernelQueries::Namespaces => {
            let what = format!("find a process in mount namespace {id}");
            // Links of procfs show inodes and not ids, so each process has to be asked.
            let member = member_of(id, &options.proc.open()?)?;
            read_process(
                member.ok_or_else(|| Error::new(ErrorKind::NotFound, what))?,
                options,
            )
        }
        KernelQueries::Rows => {
            let scope = Scope::namespace(id);
            let listed = queries::list(&scope, 0)?;
            let origin = Origin::Namespace { id };
            let table = by_ids::ask_all(&scope, listed, options.attempts, origin)?;
            if options.one_moment && table.consistency() != Consistency::OneMoment {
                let attempts = options.attempts;
                let what =
                    format!("read mount namespace {id}: it changed in each of {attempts} attempts");
                return Err(Error::unstable(what));
            }
            Ok(table)
        }
    }
}

/// Finds a process that lives in the mount namespace.
fn member_of(id: u64, proc: &ProcDir) -> Result<Option<u32>, Error> {
    let is_there = |pid: &u32| {
        // A process that may not be looked at is passed over. Another one may live there, too.
        let file = proc.follow(format!("{pid}/ns/mnt"), OFlags::RDONLY).ok();
        file.is_some_and(|file| sys::namespace_id(file.as_fd()).is_ok_and(|found| found == id))
    };
    Ok(proc.numbers(".")?.into_iter().find(is_there))
}
