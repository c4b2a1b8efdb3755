//! Start, crash, shutdown on real mounts.

use std::fs;
use std::path::{Path, PathBuf};

use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{PrepareAction, RootOutcome};
use daemon_host::{ErrorKind, Host, HostConfig, Step};
use rustix::mount::{MountFlags, mount};

use crate::namespace::inside;

/// A data root and an exec root in a directory of their own.
struct Place {
    temp: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("data")).unwrap();
        // A source that knows containers, and knows none that lives.
        fs::create_dir_all(temp.path().join("exec/runtime-runc/moby")).unwrap();
        Self { temp }
    }

    fn data(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("data")
    }

    fn config(&self) -> HostConfig {
        let mut config = HostConfig::default();
        config.data_root = self.data();
        config.exec_root = self.temp.path().join("exec");
        config
    }

    /// Mounts what a killed daemon leaves: a container's shm.
    fn leave_shm(&self, id: &str) -> PathBuf {
        let shm = self.data().join("containers").join(id).join("mounts/shm");
        fs::create_dir_all(&shm).unwrap();
        mount("shm", &shm, "tmpfs", MountFlags::empty(), None).unwrap();
        shm
    }
}

fn is_mounted(path: &Path) -> bool {
    MountTable::current().unwrap().is_mount_point(path)
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

#[test]
fn leftovers_go_and_the_root_comes_and_goes() {
    inside(|| {
        let place = Place::new();
        let shm = place.leave_shm(&id('a'));
        let mut config = place.config();
        let text = br#"{"runtimes": {"a": {"path": "/bin/true", "runtimeArgs": ["x"]}}}"#;
        config.runtimes = HostConfig::parse(text).unwrap().runtimes;
        let host = Host::builder(config).start().unwrap();

        let report = host.start_report();
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.sweep.done().unwrap().steps().len(), 1);
        let Step::Done(root) = &report.root else {
            panic!("{report}")
        };
        assert_eq!(root.action, PrepareAction::Bound);
        assert!(!is_mounted(&shm));
        assert!(is_mounted(&place.data()));

        let late = place.leave_shm(&id('b'));
        let report = host.shutdown(None::<String>).unwrap();
        assert!(report.is_clean(), "{report}");
        let outcome = report.sweep.done().unwrap().root();
        assert_eq!(*outcome, RootOutcome::Released { lazily: false });
        assert!(!is_mounted(&late));
        assert!(!is_mounted(&place.data()));
        assert_eq!(
            host.shutdown(None::<String>).unwrap_err().kind(),
            ErrorKind::ShutDown
        );
    });
}

#[test]
fn a_crash_is_put_right_by_the_next_start() {
    inside(|| {
        let place = Place::new();
        drop(Host::builder(place.config()).start().unwrap());
        assert!(is_mounted(&place.data()), "a crash leaves the root mounted");
        let shm = place.leave_shm(&id('c'));

        let host = Host::builder(place.config()).start().unwrap();
        let root = host.start_report().root.done().unwrap();
        assert_eq!(root.action, PrepareAction::KeptOurs);
        assert!(!is_mounted(&shm));
        let report = host.shutdown(None::<String>).unwrap();
        assert!(report.is_clean(), "{report}");
        assert!(!is_mounted(&place.data()), "ownership survived the crash");
    });
}

#[test]
fn a_live_container_keeps_its_mounts_and_the_root() {
    inside(|| {
        let place = Place::new();
        let (live, dead) = (place.leave_shm(&id('d')), place.leave_shm(&id('e')));
        let host = Host::builder(place.config())
            .live_container(id('d'))
            .start()
            .unwrap();
        assert!(is_mounted(&live));
        assert!(!is_mounted(&dead));

        let report = host.shutdown([id('d')]).unwrap();
        assert!(report.is_clean(), "{report}");
        assert!(is_mounted(&live));
        assert!(
            is_mounted(&place.data()),
            "the root stays below a live container"
        );
    });
}

#[test]
fn a_failed_start_leaves_no_mount() {
    inside(|| {
        let place = Place::new();
        fs::write(place.data().join("runtimes"), "not a directory").unwrap();
        let mut config = place.config();
        let text = br#"{"runtimes": {"a": {"path": "/bin/true", "runtimeArgs": ["x"]}}}"#;
        config.runtimes = HostConfig::parse(text).unwrap().runtimes;
        let error = Host::builder(config).start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Crate, "{error}");
        assert!(!is_mounted(&place.data()));
        Host::builder(place.config())
            .start()
            .unwrap()
            .shutdown(None::<String>)
            .unwrap();
    });
}

#[test]
fn a_second_daemon_is_refused() {
    inside(|| {
        let place = Place::new();
        let host = Host::builder(place.config()).start().unwrap();
        let mut config = place.config();
        config.exec_root = place.temp.path().join("other-exec");
        let error = Host::builder(config).start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyRunning, "{error}");
        host.shutdown(None::<String>).unwrap();
    });
}

#[test]
fn leftovers_that_stay_are_not_hidden_by_a_mount_at_the_root() {
    inside(|| {
        let place = Place::new();
        let shm = place.leave_shm(&id('f'));
        // Whose layers live cannot be told, so the sweep must not run.
        let layers = place.data().join("image/overlay2/layerdb/mounts");
        fs::create_dir_all(layers.join(id('1')).join("mount-id")).unwrap();
        let host = Host::builder(place.config())
            .live_container(id('1'))
            .start()
            .unwrap();
        let report = host.start_report();
        assert!(report.sweep.is_failed(), "{report}");
        assert!(matches!(report.root, Step::Skipped(_)), "{report}");
        assert!(is_mounted(&shm));
        assert!(!is_mounted(&place.data()));
    });
}
