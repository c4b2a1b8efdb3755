//! A start harms nothing that lives, and says what it cannot tell.

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{Says, Statement, Testimony, Witness};
use daemon_host::{Host, HostBuilder, HostConfig, Step};
use rustix::mount::{MountFlags, mount};

use crate::namespace::inside;

/// A data root with one container's shm, and no source that knows containers.
struct Place {
    temp: tempfile::TempDir,
    shm: PathBuf,
}

fn id() -> String {
    "a".repeat(64)
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let data = temp.path().canonicalize().unwrap().join("data");
        let shm = data.join("containers").join(id()).join("mounts/shm");
        fs::create_dir_all(&shm).unwrap();
        mount("shm", &shm, "tmpfs", MountFlags::empty(), None).unwrap();
        Self { temp, shm }
    }

    fn builder(&self) -> HostBuilder {
        let mut config = HostConfig::default();
        config.data_root = self.temp.path().canonicalize().unwrap().join("data");
        config.exec_root = self.temp.path().join("exec");
        Host::builder(config)
    }

    fn know_of_no_container(&self) {
        fs::create_dir_all(self.temp.path().join("exec/runtime-runc/moby")).unwrap();
    }

    fn is_mounted(&self) -> bool {
        MountTable::current().unwrap().is_mount_point(&self.shm)
    }
}

#[test]
fn without_a_source_nothing_is_swept_until_somebody_claims_that_none_lives() {
    inside(|| {
        let place = Place::new();
        let host = place.builder().start().unwrap();
        assert!(place.is_mounted());
        let report = host.start_report();
        assert!(!report.is_clean());
        assert!(matches!(report.root, Step::Skipped(_)), "{report}");
        let said = report.to_string();
        assert!(
            said.contains("no source says which containers live"),
            "{said}"
        );
        assert!(said.contains("exec/runtime-runc/moby"), "{said}");
        let report = host.shutdown_by_evidence().unwrap();
        assert!(!report.is_clean() && place.is_mounted(), "{report}");

        let host = place.builder().none_live().start().unwrap();
        assert!(!place.is_mounted());
        assert!(host.start_report().is_clean(), "{}", host.start_report());
        assert!(host.shutdown_by_evidence().unwrap().is_clean());
    });
}

#[test]
fn a_process_on_the_file_system_is_life_whatever_is_claimed() {
    inside(|| {
        let place = Place::new();
        place.know_of_no_container();
        let mut process = Command::new("sleep");
        let mut process = process.arg("60").current_dir(&place.shm).spawn().unwrap();
        let host = place.builder().none_live().start().unwrap();
        assert!(place.is_mounted());
        host.shutdown(None::<String>).unwrap();
        assert!(place.is_mounted(), "no claim overrules a process");
        process.kill().unwrap();
        process.wait().unwrap();
        let host = place.builder().start().unwrap();
        assert!(!place.is_mounted());
        host.shutdown_by_evidence().unwrap();
    });
}

/// Says one thing of the container.
struct Says1(Option<Says>);

impl Witness for Says1 {
    fn name(&self) -> String {
        "the daemon's own list".into()
    }

    fn testify(&self, _: &Path) -> Result<Statement, Box<dyn StdError + Send + Sync>> {
        let says = self.0.ok_or("the list cannot be read")?;
        let mut statement = Statement::default();
        statement.looked.push(self.name());
        statement
            .testimonies
            .push(Testimony::new(id(), says, self.name()));
        Ok(statement)
    }
}

#[test]
fn a_witness_of_the_daemons_own_is_heard() {
    inside(|| {
        for (says, is_kept, is_clean) in [
            (Some(Says::Lives), true, true),
            (Some(Says::Unknown), true, false),
            (None, true, false),
            (Some(Says::Dead), false, true),
        ] {
            let place = Place::new();
            let host = place.builder().witness(Says1(says)).start().unwrap();
            let report = host.start_report();
            assert_eq!(place.is_mounted(), is_kept, "{says:?}: {report}");
            assert_eq!(report.is_clean(), is_clean, "{says:?}: {report}");
        }
    });
}

#[test]
fn a_state_that_is_only_odd_is_no_obstacle() {
    inside(|| {
        let place = Place::new();
        place.know_of_no_container();
        let states = place.temp.path().join("exec/runtime-runc/moby");
        for odd in [".cache/seccomp", ".empty-directory"] {
            fs::create_dir_all(states.join(odd)).unwrap();
        }
        let host = place.builder().start().unwrap();
        assert!(!place.is_mounted() && host.start_report().is_clean());
    });
}

#[test]
fn containers_of_podman_are_known_by_their_own_states() {
    inside(|| {
        let place = Place::new();
        mount("run", "/run", "tmpfs", MountFlags::empty(), None).unwrap();
        let (data, layer) = (place.temp.path().join("data"), "b".repeat(64));
        let store = data.join("overlay-containers");
        fs::create_dir_all(&store).unwrap();
        let list = format!(r#"[{{"id":"{}","names":["web"],"layer":"{layer}"}}]"#, id());
        fs::write(store.join("containers.json"), list).unwrap();
        let merged = data.join("overlay").join(&layer).join("merged");
        fs::create_dir_all(&merged).unwrap();
        mount("merged", &merged, "tmpfs", MountFlags::empty(), None).unwrap();
        let start = || {
            let rule = "overlay/[0-9a-f]{64}/merged";
            let host = place.builder().rule(rule).start().unwrap();
            let table = MountTable::current().unwrap();
            let mounted = [&place.shm, &merged].map(|at| table.is_mount_point(at));
            (mounted, host.start_report().to_string())
        };
        let (mounted, said) = start();
        assert_eq!(mounted, [true, true], "no source was read: {said}");
        let state = Path::new("/run/crun").join(id());
        fs::create_dir_all(&state).unwrap();
        let status = format!(r#"{{"pid":{}}}"#, std::process::id());
        fs::write(state.join("status"), status).unwrap();
        assert_eq!(
            start().0,
            [true, true],
            "its state names a process that lives"
        );
        fs::remove_dir_all(&state).unwrap();
        let (mounted, said) = start();
        assert_eq!(mounted, [false, false], "{said}");
    });
}
