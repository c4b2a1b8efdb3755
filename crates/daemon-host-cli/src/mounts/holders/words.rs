//! Describes uses and keepers of mounts in words. Pure.

use daemon_host::mountscan::{
    HolderProcess, KernelUse, MountUse, MountUser, MountedUse, NamespaceKeeper,
};

use crate::output::shown;

pub(super) fn use_words(what: &MountUse) -> String {
    match what {
        MountUse::WorkingDirectory => "working directory".into(),
        MountUse::RootDirectory => "root directory".into(),
        MountUse::Executable => "running program".into(),
        MountUse::Mapping => "mapped file".into(),
        MountUse::Descriptor(number) => format!("descriptor {number}"),
        MountUse::Socket(path) => format!("socket {}", shown(path)),
        _ => "other".into(),
    }
}

/// All uses of a process. Many descriptors are only counted.
pub(in crate::mounts) fn uses_words(process: &HolderProcess) -> String {
    const SHOWN: usize = 6;
    let uses = process.uses.iter().map(use_words);
    let mut words: Vec<String> = uses.clone().take(SHOWN).collect();
    let more = uses.count() - words.len();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

pub(super) fn keeper_words(keeper: &NamespaceKeeper) -> String {
    match keeper {
        NamespaceKeeper::Descriptor {
            pid,
            thread: Some(thread),
            descriptor,
        } => format!("descriptor {descriptor} of thread {thread} of process {pid}"),
        NamespaceKeeper::Descriptor {
            pid, descriptor, ..
        } => {
            format!("descriptor {descriptor} of process {pid}")
        }
        NamespaceKeeper::Bind {
            namespace,
            mount_point,
        } => format!("bind on {} in mnt:[{namespace}]", shown(mount_point)),
        _ => "something else".into(),
    }
}

/// What the kernel has open, and the file.
pub(super) fn kernel_words(what: &KernelUse) -> (String, String) {
    match what {
        KernelUse::Loop { device, file } => {
            (device.clone(), format!("loop device of {}", shown(file)))
        }
        KernelUse::Swap { file } => ("swap".into(), format!("swap file {}", shown(file))),
        _ => ("kernel".into(), "other".into()),
    }
}

pub(super) fn user_words(user: &MountUser) -> String {
    let point = shown(&user.mount.mount_point);
    let fs_type = user.mount.fs_type.to_string_lossy();
    match &user.how {
        MountedUse::Nested => format!("{fs_type} mounted on it at {point}"),
        MountedUse::Layer(layer) => {
            format!("{fs_type} at {point} uses {} of it", shown(layer))
        }
        _ => format!("{fs_type} at {point}"),
    }
}
