//! Something lies over procfs, or over a part of it: nothing that lives is then taken for dead, and
//! no script for one that nobody uses.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use runtimes::{Proc, References, StatesOptions, containers};
use support::namespace::own_with_tmpfs;
use support::space::Space;

/// A process that lives, and the state of a container that has it.
struct Scene<'b> {
    base: &'b Path,
    child: Child,
}

impl<'b> Scene<'b> {
    fn new(base: &'b Path) -> Self {
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_ascii_whitespace();
        // The start is the 22nd field of all, and the 20th after the name.
        let start = fields.collect::<Vec<_>>()[19].to_owned();
        let state = base.join("states/c1");
        fs::create_dir_all(&state).unwrap();
        fs::create_dir(base.join("empty")).unwrap();
        let text = format!(
            r#"{{"init_process_pid": {pid}, "init_process_start": {start},
                "created": "2020-01-01T00:00:00Z"}}"#
        );
        fs::write(state.join("state.json"), text).unwrap();
        Self { base, child }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn life(&self, proc: &Proc) -> &'static str {
        let mut options = StatesOptions::new([self.base.join("states")]);
        options.proc = proc.clone();
        let states = containers(&options);
        println!("{}", states.found[0]);
        states.found[0].life.as_str()
    }

    /// Whether every reference of a process to a script is known.
    fn is_complete(&self, proc: &Proc) -> bool {
        let mut references = References::new();
        references.scan_processes(proc);
        references.is_complete()
    }

    /// With this over a part of procfs it is not known what lives; a descriptor that was opened
    /// before is read past it.
    #[track_caller]
    fn is_told_with(&self, point: &str, with: &str, held: &Proc) {
        let (point, with) = (PathBuf::from(point), self.base.join(with));
        mount(
            Some(&with),
            &point,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .unwrap();
        let is_whole = point == Path::new("/proc");
        let by_held = if is_whole { "alive" } else { "unknown" };
        assert_eq!(self.life(&Proc::default()), "unknown", "{point:?}");
        assert!(!self.is_complete(&Proc::default()), "{point:?}");
        assert_eq!(self.life(held), by_held, "{point:?}, held");
        umount2(&point, MntFlags::MNT_DETACH).unwrap();
        assert_eq!(self.life(&Proc::default()), "alive", "{point:?} is away");
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_lies_over_procfs_makes_nothing_dead() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let scene = Scene::new(base);
        let pid = scene.pid();
        let held = Proc::from(File::open("/proc").unwrap());
        assert_eq!(scene.life(&held), "alive");
        fs::write(base.join("forged"), "1 (sh) Z 1 1 1 0 -1 0 0 0 0 0 0\n").unwrap();
        let own = std::process::id();
        let stat_of_own = format!("/proc/{own}/stat");
        scene.is_told_with("/proc", "empty", &held);
        scene.is_told_with(&format!("/proc/{pid}"), "empty", &held);
        let mut forged = vec!["forged".to_owned(), stat_of_own];
        fs::write(base.join("nothing"), "").unwrap();
        forged.push("nothing".to_owned());
        for with in &forged {
            let point = format!("/proc/{pid}/stat");
            mount(
                Some(&base.join(with)),
                Path::new(&point),
                None::<&str>,
                MsFlags::MS_BIND,
                None::<&str>,
            )
            .unwrap();
            assert_eq!(scene.life(&Proc::default()), "unknown", "{with}");
            umount2(Path::new(&point), MntFlags::MNT_DETACH).unwrap();
        }
    });
}

#[test]
fn a_command_line_that_is_covered_keeps_every_script() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let scene = Scene::new(base);
        fs::write(base.join("nothing"), "").unwrap();
        // Nothing else of the machine is looked at here: other users' processes may be closed.
        let unseen = |proc: &Proc, name: &str| {
            let mut references = References::new();
            references.scan_processes(proc);
            references
                .unreadable()
                .any(|(path, why)| path.ends_with(name) && why.contains("not procfs"))
        };
        let pid = scene.pid().to_string();
        assert!(!unseen(&Proc::default(), &pid));
        // What it says, and whether it is an engine.
        for (file, name) in [("cmdline", pid.as_str()), ("comm", "comm")] {
            let point = format!("/proc/{pid}/{file}");
            let with = base.join("nothing");
            mount(
                Some(&with),
                Path::new(&point),
                None::<&str>,
                MsFlags::MS_BIND,
                None::<&str>,
            )
            .unwrap();
            assert!(unseen(&Proc::default(), name), "{file}");
            umount2(Path::new(&point), MntFlags::MNT_DETACH).unwrap();
        }
    });
}

#[test]
fn the_procfs_of_another_pid_namespace_makes_nothing_dead() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let scene = Scene::new(base);
        let there = base.join("there");
        fs::create_dir(&there).unwrap();
        let script = format!("mount -t proc proc {} && exec sleep 1000", there.display());
        let mut other = Command::new("unshare");
        other.args(["--pid", "--fork", "--kill-child", "sh", "-c", &script]);
        let mut other = other.spawn().unwrap();
        while !there.join("1/comm").exists() {
            assert_eq!(
                other.try_wait().unwrap(),
                None,
                "it lives as long as the test"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        mount(
            Some(&there),
            "/proc",
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .unwrap();
        let (life, is_complete) = (
            scene.life(&Proc::default()),
            scene.is_complete(&Proc::default()),
        );
        umount2("/proc", MntFlags::MNT_DETACH).unwrap();
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!((life, is_complete), ("unknown", false));
        assert_eq!(scene.life(&Proc::default()), "alive");
    });
}
