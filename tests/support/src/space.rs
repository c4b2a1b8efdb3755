//! What namespaces a test needs, and whose they must be.

use std::fmt;
use std::io;
use std::process::Command;

use rustix::fs::{Mode, OFlags, open};
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities};

use crate::{namespace, sys};

/// The namespaces that a test needs around it.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    flags: UnshareFlags,
    owner: Owner,
}

/// The user namespace that the new ones belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// This process's own if it may make them, else a new one.
    Any,
    /// A new one, also for root.
    New,
    /// The machine's first one: real root alone.
    First,
}

impl Space {
    /// A mount namespace in which every mount is private.
    pub const MOUNTS: Self = Self {
        flags: UnshareFlags::NEWNS,
        owner: Owner::Any,
    };

    /// A network namespace; its loopback link is down.
    pub const NETWORK: Self = Self {
        flags: UnshareFlags::NEWNET,
        owner: Owner::Any,
    };

    /// The same in a new user namespace, also for root.
    #[must_use]
    pub const fn in_new_user_namespace(self) -> Self {
        let owner = Owner::New;
        Self { owner, ..self }
    }

    /// The same as real root: for what a user namespace refuses.
    #[must_use]
    pub const fn as_real_root(self) -> Self {
        let owner = Owner::First;
        Self { owner, ..self }
    }

    /// Why this process cannot even try, if so.
    pub(crate) fn refused(self) -> Option<String> {
        let real_root = has_sys_admin() && in_first_user_namespace();
        (self.owner == Owner::First && !real_root).then(|| "needs root".to_owned())
    }

    /// Has a command's process enter the namespaces before its program starts.
    pub(crate) fn prepare(self, command: &mut Command) {
        let new_user = self.owner == Owner::New || !has_sys_admin();
        // Made here: nothing may be allocated between fork and exec.
        let uid_map = format!("0 {} 1", rustix::process::geteuid().as_raw());
        let gid_map = format!("0 {} 1", rustix::process::getegid().as_raw());
        let mounts = self.flags.contains(UnshareFlags::NEWNS);
        let mut flags = namespace::whole(self.flags);
        if new_user {
            flags |= UnshareFlags::NEWUSER;
        }
        sys::before_exec(command, move || {
            sys::unshare(flags)?;
            if new_user {
                write(c"/proc/self/setgroups", "deny")?;
                write(c"/proc/self/uid_map", &uid_map)?;
                write(c"/proc/self/gid_map", &gid_map)?;
            }
            if mounts {
                let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
                mount_change(c"/", private)?;
            }
            Ok(())
        });
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.flags.contains(UnshareFlags::NEWNS) {
            "mount namespace"
        } else {
            "network namespace"
        };
        f.write_str(kind)
    }
}

/// Whether this thread has `CAP_SYS_ADMIN` in its user namespace.
#[must_use]
pub fn has_sys_admin() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Whether this process is in the machine's first user namespace, where all ids map to themselves.
///
/// # Panics
/// Without `/proc`.
#[must_use]
pub fn in_first_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").expect("/proc is mounted");
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Writes a file by system calls alone.
fn write(path: &std::ffi::CStr, text: &str) -> io::Result<()> {
    let file = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(file, text.as_bytes())?;
    Ok(())
}
