//! Finds the residents of all file systems.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::error::Error;
use crate::holders::processes::listing::members_of;
use crate::holders::processes::process_view::ProcessView;
use crate::holders::residents::answer::{Resident, Residents};
use crate::holders::residents::census::{Census, own};
use crate::holders::residents::options::ResidentsOptions;

/// How often a process is looked at, of which something could not be read. Most of them have ended
/// by the second time. With a third look, a program that is being started counts as well.
const LOOKS: usize = 3;

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
/// over, even if the system refuses to say that it has. A process that runs and cannot be read is
/// counted.
///
/// # References
///
/// `proc_pid_root(5)`, `proc_pid_cwd(5)`, `proc_pid_exe(5)`, `proc_pid_maps(5)`,
/// `mount_namespaces(7)`.
pub fn residents(options: &ResidentsOptions) -> Result<Residents, Error> {
    let proc = &options.proc.open()?;
    let mut view = ProcessView::read(proc)?;
    let devices = options.devices.as_ref();
    let census = Census {
        proc,
        devices: devices.map(|devices| devices.iter().copied().collect()),
        own: own(proc, &view, options.table.as_ref()),
        again: Mutex::default(),
    };
    let mut found: Vec<Resident> = Vec::new();
    let mut processes: BTreeSet<u32> = BTreeSet::new();
    let mut pids = proc.numbers(".")?;
    for _ in 0..LOOKS {
        let members = members_of(proc, &pids);
        processes.extend(members.by_namespace.values().flatten().map(|m| m.pid));
        let (residents, mut unread) = census.look(&members);
        // What an earlier look has found of the same process is true, too.
        let is_new = |resident: &Resident| !found.contains(resident);
        let residents: Vec<Resident> = match found.is_empty() {
            true => residents,
            false => residents.into_iter().filter(is_new).collect(),
        };
        found.extend(residents);
        // Process 1 does not count: it lives in no container that this view shows.
        if members.unread.contains(&1) {
            unread.remove(&1);
        }
        pids = unread.into_iter().collect();
        if pids.is_empty() {
            break;
        }
    }
    found.sort_by_key(|resident| (resident.namespace, resident.pid, resident.thread));
    view.unreadable = pids.len();
    processes.extend(&pids);
    view.processes = processes.len();
    Ok(Residents {
        residents: found,
        view,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::holders::residents::answer::ResidentUse;
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

    /// A made-up procfs of processes that can be read and run, as the process 7 sees it.
    fn made_up(pids: &[u32]) -> tempfile::TempDir {
        let proc = tempfile::tempdir().unwrap();
        symlink("7", proc.path().join("self")).unwrap();
        for pid in pids {
            task(&proc.path().join(pid.to_string()));
        }
        proc
    }

    fn task(at: &Path) {
        std::fs::create_dir_all(at.join("ns")).unwrap();
        std::fs::create_dir_all(at.join("task")).unwrap();
        let links = [
            ("mnt:[4026531841]", "ns/mnt"),
            ("/", "root"),
            ("/", "cwd"),
            ("/", "exe"),
        ];
        for (text, name) in links {
            symlink(text, at.join(name)).unwrap();
        }
        std::fs::write(at.join("mountinfo"), "1 0 0:1 / / rw - t s rw\n").unwrap();
        std::fs::write(at.join("maps"), "1-2 r-xp 0 00:01 7 /x\n").unwrap();
        stat(at, 'S', 0);
    }

    fn stat(at: &Path, state: char, flags: u64) {
        let text = format!("7 (x) {state} 1 7 7 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 1 0 4711 9");
        std::fs::write(at.join("stat"), text).unwrap();
    }

    fn view(proc: &Path) -> ProcessView {
        seen(proc).view
    }

    fn seen(proc: &Path) -> Residents {
        let mut options = ResidentsOptions::new();
        options.proc = Proc::unchecked(proc);
        options.devices = Some(vec![Device { major: 0, minor: 1 }]);
        residents(&options).unwrap()
    }

    #[test]
    fn what_could_not_be_read_of_a_process_that_runs_is_no_absence() {
        for name in ["mountinfo", "maps", "root", "cwd", "exe", "ns/mnt", "task"] {
            let proc = made_up(&[7, 8]);
            let at = proc.path().join("8");
            let remove = |path: &Path| {
                std::fs::remove_file(path)
                    .or_else(|_| std::fs::remove_dir(path))
                    .unwrap();
            };
            assert_eq!(
                (view(proc.path()).processes, view(proc.path()).unreadable),
                (2, 0)
            );
            remove(&at.join(name));
            // A table is read through any process of the namespace.
            let unreadable = usize::from(name != "mountinfo");
            assert_eq!(view(proc.path()).unreadable, unreadable, "{name}");
            // What is read in its place is no answer either.
            std::fs::write(at.join(name), "").unwrap();
            if name != "mountinfo" && name != "maps" {
                assert_eq!(view(proc.path()).unreadable, 1, "{name}");
            }
            let without_table = proc.path().join("7/mountinfo");
            remove(&without_table);
            std::fs::create_dir(&without_table).unwrap();
            if name == "mountinfo" {
                std::fs::remove_file(at.join(name)).unwrap();
                assert_eq!(view(proc.path()).unreadable, 2, "nobody gives the table");
            }
            // Whatever it is that fails: a process that has ended leaves nothing. Only without the
            // list of its threads nobody knows whether one of them outlived the first.
            let left = usize::from(name == "task");
            stat(&proc.path().join("7"), 'Z', 0);
            for (state, flags) in [('Z', 0), ('X', 0), ('D', 4), ('I', 0x0020_0000)] {
                stat(&at, state, flags);
                assert_eq!(
                    view(proc.path()).unreadable,
                    left,
                    "{name}: {state} {flags:x}"
                );
            }
            remove(&at.join("stat"));
            assert_eq!(view(proc.path()).unreadable, left, "{name}: no more there");
        }
    }

    #[test]
    fn a_process_lives_as_long_as_one_of_its_threads() {
        let proc = made_up(&[7, 8]);
        let at = proc.path().join("8");
        let threads = |proc: &Path| -> Vec<Option<u32>> {
            let of_it = seen(proc).residents.into_iter().filter(|r| r.pid == 8);
            of_it.map(|r| r.thread).collect()
        };
        assert!(!threads(proc.path()).is_empty());
        // The first thread has ended: nothing of it can be read any more.
        for name in ["ns/mnt", "root", "cwd", "exe"] {
            std::fs::remove_file(at.join(name)).unwrap();
        }
        std::fs::write(at.join("maps"), "").unwrap();
        stat(&at, 'Z', 0);
        assert_eq!(threads(proc.path()), []);
        for id in [9, 10] {
            task(&at.join(format!("task/{id}")));
        }
        // The first of the others stands for the process. Nobody knows whether the second shares
        // its place, because the kernel knows no such processes. It shows nothing else, so it
        // counts once.
        let of_it = seen(proc.path()).residents.into_iter();
        let of_it: HashSet<_> = of_it
            .filter(|r| r.pid == 8)
            .map(|r| (r.thread, r.how))
            .collect();
        let places = [ResidentUse::RootDirectory, ResidentUse::WorkingDirectory];
        let memory = [ResidentUse::Executable, ResidentUse::Mapping];
        for (thread, ways, has) in [(9, places, true), (10, places, false), (10, memory, false)] {
            for how in ways {
                let is_found = of_it.contains(&(Some(thread), how));
                assert!(!is_found || has, "{thread} {how:?}: {of_it:?}");
            }
        }
        assert!(
            of_it.contains(&(Some(9), ResidentUse::Mapping)),
            "{of_it:?}"
        );
        assert_eq!(view(proc.path()).unreadable, 0);
        // A thread that is just ending has no place any more. That is no gap.
        let ending = at.join("task/11");
        task(&ending);
        for name in ["root", "cwd", "exe"] {
            std::fs::remove_file(ending.join(name)).unwrap();
        }
        assert_eq!(view(proc.path()).unreadable, 1);
        stat(&ending, 'R', 4);
        assert_eq!(view(proc.path()).unreadable, 0);
        // A thread that runs and cannot be read is no absence.
        std::fs::remove_file(at.join("task/9/ns/mnt")).unwrap();
        assert_eq!(view(proc.path()).unreadable, 1);
        assert!(threads(proc.path()).iter().all(|&t| t == Some(10)));
        stat(&at.join("task/9"), 'Z', 0);
        assert_eq!(view(proc.path()).unreadable, 0);
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
