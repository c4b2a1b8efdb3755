//! Finds the residents of all file systems.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::holders::in_parallel;
use crate::holders::process_view::ProcessView;
use crate::holders::processes::{Member, members, namespace_of_link};
use crate::holders::residents::answer::Residents;
use crate::holders::residents::census::{Census, own};
use crate::holders::residents::options::ResidentsOptions;

/// Finds the processes that live on file systems, in every mount namespace that can be reached. A
/// process lives on a file system with its root directory, working directory, program or mapped
/// files.
///
/// Each pair of mount namespace and root directory is read once, however many processes share it.
/// Open descriptors do not count. To learn who keeps a mount busy, see
/// [`holders`](crate::holders()).
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the procfs is missing or does not show
/// the calling process; other kinds if it cannot be listed. A process that ends meanwhile is passed
/// over. A process that cannot be read is counted.
///
/// # References
///
/// `proc_pid_root(5)`, `proc_pid_cwd(5)`, `proc_pid_exe(5)`, `proc_pid_maps(5)`,
/// `mount_namespaces(7)`.
pub fn residents(options: &ResidentsOptions) -> Result<Residents, Error> {
    let proc = &options.proc.open()?;
    let mut view = ProcessView::read(proc)?;
    let members = members(proc, &mut view.unreadable)?;
    let first = namespace_of_link(proc, "1/ns/mnt");
    // Process 1 does not count: it lives in no container that this view shows.
    if first.is_err_and(|error| error.kind() == ErrorKind::Denied) {
        view.unreadable = view.unreadable.saturating_sub(1);
    }
    let census = Census {
        proc,
        devices: options
            .devices
            .as_ref()
            .map(|d| d.iter().copied().collect()),
        own: own(proc, &view, options.table.as_ref()),
        gaps: Mutex::default(),
    };
    let spaces: Vec<(u64, &[Member])> = members.iter().map(|(&n, m)| (n, &m[..])).collect();
    let look = |&(namespace, members): &(u64, &[Member])| census.namespace(namespace, members);
    let found = in_parallel::map(&spaces, |_| false, look);
    let gaps = census.gaps.into_inner();
    let gaps = gaps.unwrap_or_else(PoisonError::into_inner);
    view.processes = members
        .values()
        .flatten()
        .filter(|m| m.thread().is_none())
        .count()
        + view.unreadable;
    view.unreadable += gaps.len();
    Ok(Residents {
        residents: found.into_iter().flatten().collect(),
        view,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::holders::residents::answer::{Resident, ResidentUse};
    use crate::ids::Device;
    use crate::kernel::procfs::Proc;
    use crate::table::mount_table::MountTable;

    #[test]
    fn this_process_lives_where_its_program_is() {
        let found = residents(&ResidentsOptions::new()).unwrap();
        let own = std::process::id();
        let ways: HashSet<ResidentUse> = found
            .residents
            .iter()
            .filter(|r| r.pid == own)
            .map(|r| r.how)
            .collect();
        for how in [
            ResidentUse::RootDirectory,
            ResidentUse::WorkingDirectory,
            ResidentUse::Executable,
            ResidentUse::Mapping,
        ] {
            assert!(ways.contains(&how), "{how:?}: {ways:?}");
        }
        assert!(found.view.processes > 0);
    }

    #[test]
    fn a_table_that_is_known_already_gives_the_same_answer() {
        let own = std::process::id();
        let of_us = |options: &ResidentsOptions| -> Vec<Resident> {
            let found = residents(options).unwrap().residents;
            found.into_iter().filter(|r| r.pid == own).collect()
        };
        let mut options = ResidentsOptions::new();
        let read = of_us(&options);
        options.table = Some(MountTable::current().unwrap());
        assert_eq!(of_us(&options), read);
        options.table = Some(MountTable::from_bytes(""));
        let blind = of_us(&options);
        assert!(
            blind.iter().all(|r| r.root.is_none()),
            "it is not read again"
        );
        assert!(
            !blind.is_empty(),
            "the device alone is known without a table"
        );
    }

    #[test]
    fn what_could_not_be_read_of_a_process_is_no_absence() {
        let proc = tempfile::tempdir().unwrap();
        let link = |text: &str, name: &str| {
            let at = proc.path().join(name);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(text, at).unwrap();
        };
        link("7", "self");
        for pid in ["7", "8", "9"] {
            link("mnt:[4026531841]", &format!("{pid}/ns/mnt"));
            link("/", &format!("{pid}/root"));
            std::fs::create_dir(proc.path().join(pid).join("task")).unwrap();
        }
        let ask = || {
            let mut options = ResidentsOptions::new();
            options.proc = Proc::unchecked(proc.path());
            residents(&options).unwrap().view.unreadable
        };
        // Processes that end leave nothing.
        assert_eq!(ask(), 0);
        // A table that cannot be read is read through the next process.
        std::fs::create_dir(proc.path().join("7/mountinfo")).unwrap();
        std::fs::write(proc.path().join("8/mountinfo"), "1 0 0:1 / / rw - t s rw\n").unwrap();
        assert_eq!(ask(), 1);
        std::fs::create_dir(proc.path().join("9/maps")).unwrap();
        assert_eq!(ask(), 2);
        std::fs::remove_file(proc.path().join("8/mountinfo")).unwrap();
        assert_eq!(ask(), 1, "8 and 9 end, 7 lives and has no table");
    }

    #[test]
    fn other_devices_are_left_out() {
        let mut options = ResidentsOptions::new();
        options.devices = Some(vec![Device {
            major: 4095,
            minor: 77,
        }]);
        assert_eq!(residents(&options).unwrap().residents, []);
    }
}
