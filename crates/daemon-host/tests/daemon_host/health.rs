//! How a running host is now, on real mounts, and the reports as JSON.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use daemon_host::rootmount::Says;
use daemon_host::{ErrorKind, Host, HostConfig};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount,
};
use serde_json::json;

use crate::namespace::inside;

fn start(dir: &std::path::Path) -> Host {
    let runtime = dir.join("runtime");
    fs::write(&runtime, "#!/bin/sh\necho '{}'\n").unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(dir.join("data")).unwrap();
    fs::create_dir_all(dir.join("exec/runtime-runc/moby")).unwrap();
    let text = json!({
        "data-root": dir.join("data"),
        "exec-root": dir.join("exec"),
        "runtimes": { "own": { "path": runtime } },
        "default-runtime": "own",
    });
    let config = HostConfig::parse(text.to_string().as_bytes()).unwrap();
    Host::builder(config).start().unwrap()
}

#[test]
fn what_is_wrong_with_a_running_host_is_said() {
    inside(|| {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        let host = start(&dir);
        let health = host.health();
        assert!(health.is_fine(), "{health}");
        assert_eq!(health.to_string(), "in order");
        assert!(health.root.done().unwrap().is_mounted);

        fs::remove_file(dir.join("runtime")).unwrap();
        let said = host.health().to_string();
        assert!(
            said.starts_with("the default runtime cannot start"),
            "{said}"
        );

        mount(
            "other",
            dir.join("data"),
            "tmpfs",
            MountFlags::empty(),
            None,
        )
        .unwrap();
        // A mount on a shared one is shared at first.
        mount_change(dir.join("data"), MountPropagationFlags::PRIVATE).unwrap();
        let health = host.health();
        let words = ["is not ours any more", "do not spread"];
        for word in words {
            assert!(
                health.faults.iter().any(|fault| fault.contains(word)),
                "{health}"
            );
        }
        unmount(dir.join("data"), UnmountFlags::DETACH).unwrap();
        assert_eq!(host.health().faults.len(), 1);

        host.shutdown(None::<String>).unwrap();
        let said = host.health().to_string();
        assert!(said.starts_with("the host is shut down"), "{said}");
    });
}

#[test]
fn a_state_whose_process_lives_is_evidence_of_life() {
    inside(|| {
        let temp = tempfile::tempdir().unwrap();
        let host = start(temp.path());
        assert!(host.live().unwrap().testimonies.is_empty());
        let state = temp.path().join("exec/runtime-runc/moby/web");
        fs::create_dir(&state).unwrap();
        let text = json!({ "init_process_pid": std::process::id() }).to_string();
        fs::write(state.join("state.json"), text).unwrap();
        let live = host.live().unwrap();
        let lives = |id: &str| {
            let mut all = live.testimonies.iter();
            all.any(|one| one.says == Says::Lives && one.id.to_str() == Some(id))
        };
        assert!(lives("web"), "{live:?}");
        host.shutdown(None::<String>).unwrap();
        fs::remove_dir_all(temp.path().join("data")).unwrap();
        assert_eq!(host.live().unwrap_err().kind(), ErrorKind::Crate);
    });
}

#[cfg(feature = "serde")]
#[test]
fn reports_have_the_shape_that_is_documented() {
    inside(|| {
        let temp = tempfile::tempdir().unwrap();
        let host = start(temp.path());
        fn value(report: &impl serde::Serialize) -> serde_json::Value {
            serde_json::to_value(report).unwrap()
        }
        let started = value(host.start_report());
        assert_eq!(started["clean"], true, "{started}");
        assert_eq!(started["sweep"]["step"], "done");
        assert_eq!(started["sweep"]["report"]["steps"], json!([]));
        assert_eq!(started["root"]["report"]["action"], "bound");
        assert_eq!(started["scripts"]["step"], "skipped");
        assert!(started["scripts"]["why"].is_string());
        let health = value(&host.health());
        assert_eq!(health["fine"], true, "{health}");
        assert_eq!(health["root"]["report"]["ours"], true);
        let config = HostConfig::clone(&host.snapshot().config);
        let reloaded = value(&host.reload(config).unwrap());
        assert_eq!(reloaded["generation"], 1, "{reloaded}");
        assert_eq!(reloaded["changed"], json!([]));
        let stopped = value(&host.shutdown(None::<String>).unwrap());
        assert_eq!(stopped["clean"], true, "{stopped}");
        assert_eq!(stopped["sweep"]["report"]["root"]["action"], "release");
    });
}
