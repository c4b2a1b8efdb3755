//! What a snapshot says of recursive read-only mounts before and after the probe.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use daemon_host::rroprobe::RuntimeSupport;
use daemon_host::{Host, HostConfig};

use crate::namespace::inside;

const LONG: Duration = Duration::from_secs(30);

/// A program that plays a runtime.
fn runtime(dir: &Path, name: &str, script: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn config(dir: &Path) -> HostConfig {
    let gate = dir.join("gate");
    // None of the answers is taken before the last is there: the gate holds all back. It
    // opens by itself in the end, for a probe outlives the process that began it.
    let new = format!(
        r#"n=0; until [ -e {gate:?} ] || [ $n = 1000 ]; do n=$((n+1)); sleep 0.01; done
echo '{{"mountOptions": ["rro"]}}'"#
    );
    let old = "[ \"$1\" = features ] && exit 1; echo crun version 1.5";
    let runtimes = serde_json::json!({
        "new": { "path": runtime(dir, "new", &new) },
        "crun": { "path": runtime(dir, "crun", old) },
        "bare": { "path": runtime(dir, "bare", "echo '{}'") },
        "mute": { "path": runtime(dir, "mute", "exit 1") },
        "gone": { "path": dir.join("gone") },
        "shim": { "runtimeType": "io.containerd.kata.v2" },
    });
    let text = serde_json::json!({
        "data-root": dir.join("data"),
        "exec-root": dir.join("exec"),
        "runtimes": runtimes,
    });
    HostConfig::parse(text.to_string().as_bytes()).unwrap()
}

fn host(config: HostConfig) -> Host {
    Host::builder(config).start().unwrap()
}

fn says(host: &Host, runtime: &str) -> RuntimeSupport {
    host.snapshot().recursive_read_only(runtime).runtime.support
}

#[test]
fn before_the_probe_nobody_was_asked_and_afterwards_each_says_why() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = host(config(dir.path()));
        let early = host.snapshot();
        let not_asked = "the runtime has not been asked yet";
        for name in ["new", "crun", "bare", "mute", "gone"] {
            let answer = early.recursive_read_only(name).runtime;
            assert_eq!(answer.support, RuntimeSupport::Unknown, "{name}");
            assert_eq!(answer.reason, not_asked, "{name}");
        }
        fs::write(dir.path().join("gate"), "").unwrap();
        let begin = Instant::now();
        while says(&host, "new") != RuntimeSupport::Yes {
            assert!(begin.elapsed() < LONG, "the answers never come");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(says(&host, "crun"), RuntimeSupport::Yes);
        // The reason is kept to the end.
        for (name, why) in [
            ("bare", "lists no mount options"),
            ("mute", "features"),
            ("gone", "no such file"),
            ("shim", "containerd-shim-kata-v2"),
            ("io.containerd.other.v1", "it has no entry"),
        ] {
            let verdict = host.snapshot().recursive_read_only(name);
            assert_eq!(verdict.runtime.support, RuntimeSupport::Unknown, "{name}");
            assert!(verdict.to_string().contains(why), "{name}: {verdict}");
        }
        assert_eq!(
            early.recursive_read_only("new").runtime.reason,
            not_asked,
            "a snapshot never changes"
        );
    });
}

#[test]
fn a_host_dropped_during_the_probe_is_gone_at_once() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        for _ in 0..20 {
            drop(host(config.clone()));
        }
        let last = host(config);
        fs::write(dir.path().join("gate"), "").unwrap();
        last.shutdown(None::<String>).unwrap();
    });
}
