//! One process, or one thread that is looked at beside its process.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::holders::processes::stat::{Run, is_running, run_of};
use crate::holders::report::HolderProcess;
use crate::kernel::procfs::ProcDir;

/// A process, or a thread that is elsewhere than its process. If the first thread of a process has
/// ended, another thread stands for the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) pid: u32,
    pub(super) thread: Option<u32>,
    /// What it has for itself.
    pub(super) own: Own,
}

/// What a process or a thread has for itself. The rest is that of its process, which is looked at
/// without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Own {
    /// Its program and memory. All threads of a process share them (`CLONE_VM`).
    pub(super) memory: bool,
    /// Its root and working directory (`CLONE_FS`).
    pub(super) place: bool,
    /// Its descriptors (`CLONE_FILES`).
    pub(super) descriptors: bool,
    /// Whether all this is known. If not, what it has may be that of its process.
    pub(super) is_sure: bool,
}

impl Own {
    pub(super) const ALL: Self = Self {
        memory: true,
        place: true,
        descriptors: true,
        is_sure: true,
    };
}

impl Member {
    /// A process, or a thread that stands for it.
    pub(crate) fn whole(pid: u32, thread: Option<u32>) -> Self {
        let own = Own::ALL;
        Self { pid, thread, own }
    }

    /// Whether its program and mapped files are looked at.
    pub(crate) fn has_own_memory(&self) -> bool {
        self.own.memory
    }

    /// Whether its root and working directory are looked at.
    pub(crate) fn has_own_place(&self) -> bool {
        self.own.place
    }

    /// Whether its descriptors are its own, and not those of its process.
    pub(crate) fn has_own_descriptors(&self) -> bool {
        self.own.descriptors
    }

    /// Whether its descriptors are looked at. A thread in another namespace is named with those
    /// that it shares, too: they keep what is mounted there.
    pub(crate) fn shows_descriptors(&self) -> bool {
        self.own.descriptors || self.own.memory
    }

    /// Whether it is a thread that may only have what its process has.
    pub(crate) fn may_repeat(&self) -> bool {
        !self.own.is_sure && !self.own.memory
    }

    pub(crate) fn thread(&self) -> Option<u32> {
        self.thread
    }

    /// Its directory of procfs.
    pub(crate) fn directory(&self) -> String {
        match self.thread {
            None => self.pid.to_string(),
            Some(thread) => format!("{}/task/{thread}", self.pid),
        }
    }

    /// The name of a file in its directory of procfs.
    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.directory())
    }

    /// Whether it runs. A thread that stands for its process runs as long as any thread of it.
    pub(crate) fn runs(&self, proc: &ProcDir) -> bool {
        let is_first_over = || run_of(proc, &self.pid.to_string()) == Run::Ended;
        match run_of(proc, &self.directory()) {
            Run::Runs => true,
            Run::Ended => is_first_over() && is_running(proc, self.pid),
            Run::OfKernel => false,
        }
    }

    /// Its record, without uses.
    pub(crate) fn process(&self, proc: &ProcDir) -> HolderProcess {
        let mut comm = proc.read_first(self.file("comm")).unwrap_or_default();
        // The kernel adds one newline. The name itself may also end in one, which stays.
        if comm.last() == Some(&b'\n') {
            comm.pop();
        }
        HolderProcess {
            pid: self.pid,
            thread: self.thread,
            comm: OsString::from_vec(comm),
            uses: Vec::new(),
            is_unread: false,
        }
    }
}

/// The processes of some members that still run.
pub(crate) fn running(proc: &ProcDir, members: &[Member]) -> impl Iterator<Item = u32> {
    let runs = members.iter().filter(move |member| member.runs(proc));
    runs.map(|member| member.pid)
}
