//! Finds the engines of a machine.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use mountscan::ProcRoot;
use rootmount::MountTable;

use super::expand::{expand, uid_in};
use super::found::{Daemon, Detection, GivenConfig};
use super::ground::Ground;
use super::instance::Instance;
use super::options::DetectOptions;
use super::processes::{Process, hidden, mount_namespace, processes};
use super::settings::{Moved, given_config, of_arguments, of_config};
use super::sockets::listening;
use crate::engine::{Engine, Place};
use crate::procfs::unread;
use crate::unread::Unread;

/// Finds the engines of a machine. It looks at the directories where they mount, their
/// configuration files, the sockets on which they listen, and their processes with the arguments.
///
/// `table` is the mount table of the machine. A path is not looked at if it lies on a file system
/// whose server may not answer (NFS, FUSE and the like); [`Detection::unread`] says so. What lies
/// below the directories of engines is never looked at. Without privileges less is seen;
/// [`Detection::unread`] says that, too.
///
/// # Examples
///
/// ```
/// use engines::{DetectOptions, detect};
/// use rootmount::MountTable;
///
/// let host = tempfile::tempdir()?;
/// std::fs::create_dir_all(host.path().join("etc/docker"))?;
/// std::fs::create_dir_all(host.path().join("srv/docker"))?;
/// let config = host.path().join("etc/docker/daemon.json");
/// std::fs::write(config, r#"{"data-root": "/srv/docker"}"#)?;
///
/// let mut options = DetectOptions::new();
/// options.root = host.path().to_owned();
/// std::fs::create_dir(host.path().join("proc"))?;
/// options.proc = engines::Proc::unchecked(host.path().join("proc"));
/// let found = detect(&MountTable::from_bytes(""), &options);
/// let data = found.engines[0].root("data").expect("it is there");
/// assert!(data.path.ends_with("srv/docker"));
/// assert_eq!(data.because, ["data-root in /etc/docker/daemon.json"]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn detect(table: &MountTable, options: &DetectOptions) -> Detection {
    let mut ground = Ground::new(&options.root, table);
    let machine = Machine::read(options, table);
    let complaints = machine.unread.iter().chain(&machine.unread_processes);
    complaints.for_each(|one| ground.complain(one.clone()));
    let mut engines = Vec::new();
    for engine in &options.engines {
        let mut instances = Vec::new();
        for place in &engine.places {
            match is_of_users(place) {
                true => instances.extend(of_users(&mut ground, engine, place)),
                false => instances.push(of_system(&mut ground, engine, place)),
            }
        }
        // Places come first: a process then joins an installation that is known already.
        for process in &machine.processes {
            if engine.processes.contains(&process.name) {
                let mut process = OfProcess::new(&mut ground, engine, process, &machine);
                process.join(&mut instances);
            }
        }
        let found = instances
            .into_iter()
            .filter_map(|instance| instance.finish(&mut ground, &machine.listening));
        engines.extend(found);
    }
    Detection {
        engines,
        unread: ground.unread,
        unread_processes: machine.unread_processes,
    }
}

/// What procfs shows of a machine.
#[derive(Default)]
struct Machine {
    proc: Option<ProcRoot>,
    listening: HashSet<PathBuf>,
    processes: Vec<Process>,
    /// Our own mount namespace. If it cannot be read, every process counts as one in it.
    own: Option<u64>,
    unread: Vec<Unread>,
    unread_processes: Vec<Unread>,
}

impl Machine {
    fn read(options: &DetectOptions, table: &MountTable) -> Self {
        let mut machine = Self::default();
        let proc = match ProcRoot::open(&options.proc) {
            Ok(proc) => proc,
            Err(error) => {
                let path = error.path().unwrap_or(Path::new("/proc"));
                machine.unread_processes.push(unread(path, &error));
                return machine;
            }
        };
        match listening(&proc) {
            Ok(listening) => machine.listening = listening,
            Err(unread) => machine.unread.push(unread),
        }
        let names = options.engines.iter().flat_map(|engine| &engine.processes);
        let (found, closed) = processes(&proc, &names.map(String::as_str).collect());
        machine.processes = found;
        machine.unread_processes.extend(closed);
        machine.unread_processes.extend(hidden(&proc, table));
        machine.own = mount_namespace(&proc, "self");
        machine.proc = Some(proc);
        machine
    }

    /// The path that leads to a file in the mount namespace of a process. `None` if that namespace
    /// cannot be reached; the ground complains.
    fn file_of(&self, ground: &mut Ground<'_>, pid: u32, name: &Path) -> Option<PathBuf> {
        // `/proc/<pid>/root` leads into the mount namespace of that process, where the path that it
        // was given is valid.
        let proc = self.proc.as_ref()?;
        match proc.path_through(format!("{pid}/root")) {
            Ok(root) => Some(root.join(name.strip_prefix("/").unwrap_or(name))),
            Err(error) => {
                let place = proc.shown(format!("{pid}/root"));
                ground.complain(unread(&place, &error));
                None
            }
        }
    }
}

fn is_of_users(place: &Place) -> bool {
    let paths = place.roots.iter().flat_map(|at| &at.paths);
    paths.into_iter().any(|path| path.as_str().contains('<'))
}

fn of_system<'e>(ground: &mut Ground<'_>, engine: &'e Engine, place: &'e Place) -> Instance<'e> {
    let mut instance = Instance::new(engine, place, None);
    for config in &place.configs {
        let file = ground.place(Path::new(config));
        for moved in of_config(ground, engine, &file, Path::new(config)) {
            instance.take_moved(ground, &moved);
        }
    }
    for at in &place.roots {
        for path in &at.paths {
            let path = ground.place(Path::new(path.as_str()));
            instance.take_usual(ground, &at.root, &path);
        }
    }
    instance
}

/// One installation for each user who has a directory of it.
fn of_users<'e>(
    ground: &mut Ground<'_>,
    engine: &'e Engine,
    place: &'e Place,
) -> Vec<Instance<'e>> {
    let mut users: BTreeMap<u32, Vec<(&str, PathBuf)>> = BTreeMap::new();
    for at in &place.roots {
        for shape in at.paths.iter().map(|path| path.as_str()) {
            for path in expand(ground, shape) {
                let Some(owner) = ground.directory(&path) else {
                    continue;
                };
                let user = uid_in(shape, &path).unwrap_or(owner);
                users.entry(user).or_default().push((&at.root, path));
            }
        }
    }
    let mut instances = Vec::new();
    for (user, roots) in users {
        let mut instance = Instance::new(engine, place, Some(user));
        for config in &place.configs {
            for file in expand(ground, config) {
                // The shape gives the files of all users. Only this user's own file counts.
                if ground.owner(&file) == Some(user) {
                    for moved in of_config(ground, engine, &file, &file) {
                        instance.take_moved(ground, &moved);
                    }
                }
            }
        }
        for (root, path) in roots {
            instance.take_usual(ground, root, &path);
        }
        take_numbered(ground, &mut instance);
        instances.push(instance);
    }
    instances
}

/// Takes the roots whose path has the user's number, even if they do not exist: the paths of states
/// are made from them.
fn take_numbered(ground: &mut Ground<'_>, instance: &mut Instance<'_>) {
    let user = instance.user.unwrap_or_default().to_string();
    for at in &instance.place.roots {
        for shape in at.paths.iter().map(|path| path.as_str()) {
            let path = shape.replace("<uid>", &user);
            if !path.contains('<') && shape.contains('<') {
                let path = ground.place(Path::new(&path));
                instance.take_usual(ground, &at.root, &path);
            }
        }
    }
}

/// What one process shows of its engine.
struct OfProcess<'g, 'm, 'e> {
    ground: &'g mut Ground<'m>,
    engine: &'e Engine,
    daemon: Daemon,
    moved: Vec<Moved>,
    user: Option<u32>,
    /// The mount namespace of the process, if it is not ours.
    elsewhere: Option<u64>,
}

impl<'g, 'm, 'e> OfProcess<'g, 'm, 'e> {
    fn new(
        ground: &'g mut Ground<'m>,
        engine: &'e Engine,
        process: &Process,
        machine: &Machine,
    ) -> Self {
        let theirs = process.mount_namespace;
        let elsewhere = theirs.filter(|theirs| machine.own.is_some_and(|own| own != *theirs));
        let who = format!("{} (pid {})", process.name, process.pid);
        let mut moved = of_arguments(engine, &process.arguments, &who);
        let config = given_config(engine, &process.arguments);
        match &config {
            GivenConfig::Usual => {}
            GivenConfig::File(name) => {
                let file = match elsewhere {
                    Some(_) => machine.file_of(ground, process.pid, name),
                    None => Some(ground.place(name)),
                };
                moved.extend(file.map_or_else(Vec::new, |f| of_config(ground, engine, &f, name)));
            }
            GivenConfig::Unclear(name) => {
                let why = format!("{who} was given it, and it is not known where that is");
                ground.complain(Unread::new(Path::new(name), why));
            }
        }
        Self {
            ground,
            engine,
            daemon: Daemon {
                pid: process.pid,
                name: process.name.clone(),
                config,
                mount_namespace: theirs,
            },
            moved,
            // A daemon that runs as root belongs to the system.
            user: Some(process.user).filter(|user| *user != 0),
            elsewhere,
        }
    }

    /// Adds the process to the installation that it runs, or makes a new one.
    fn join(&mut self, instances: &mut Vec<Instance<'e>>) {
        let mut anchors = Vec::new();
        for moved in &self.moved {
            let path = match self.elsewhere {
                Some(_) => moved.path.clone(),
                None => self.ground.real(&self.ground.place(&moved.path)),
            };
            // Arguments come before the configuration file in this list and win over it.
            if !anchors.iter().any(|(root, _)| *root == moved.root) {
                anchors.push((moved.root.clone(), path));
            }
        }
        let is_it = |instance: &Instance<'e>| {
            // A root that no state or socket depends on may move within one installation.
            let fits = |(root, path): &(String, PathBuf)| {
                !instance.is_anchored_by(root) || instance.has(root, path)
            };
            instance.user == self.user
                && instance.namespace == self.elsewhere
                && anchors.iter().all(fits)
        };
        let at = match instances.iter().position(is_it) {
            Some(at) => at,
            None => match self.instance() {
                Some(new) => {
                    instances.push(new);
                    instances.len() - 1
                }
                None => return,
            },
        };
        let instance = &mut instances[at];
        for moved in &self.moved {
            match self.elsewhere {
                Some(_) => instance.take_elsewhere(&moved.root, &moved.path, &moved.because),
                None => instance.take_moved(self.ground, moved),
            }
        }
        instance.daemons.push(self.daemon.clone());
    }

    /// A new installation that only this process shows.
    fn instance(&mut self) -> Option<Instance<'e>> {
        let fits = |place: &&'e Place| is_of_users(place) == self.user.is_some();
        let place = self.engine.places.iter().find(fits)?;
        let mut instance = Instance::new(self.engine, place, self.user);
        instance.name = "running".to_owned();
        instance.namespace = self.elsewhere;
        let user = self.user.unwrap_or_default().to_string();
        for at in &place.roots {
            // A root that the process does not move is at its usual place.
            if self.moved.iter().any(|moved| moved.root == at.root) {
                continue;
            }
            let paths = at.paths.iter().map(|path| path.as_str());
            let paths = paths.map(|path| path.replace("<uid>", &user));
            for path in paths.filter(|path| !path.contains('<')) {
                let path = Path::new(&path);
                match self.elsewhere {
                    Some(_) => instance.take_elsewhere(&at.root, path, "its usual place"),
                    None => {
                        let path = self.ground.place(path);
                        instance.take_usual(self.ground, &at.root, &path);
                    }
                }
            }
        }
        Some(instance)
    }
}
