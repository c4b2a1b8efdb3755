//! What a snapshot says of recursive read-only mounts before and after the probe.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use daemon_host::rroprobe::{RuntimeSupport, WhyUnknown};
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
    host.snapshot().recursive_read_only(runtime).runtime
}

#[test]
fn before_the_probe_nobody_was_asked_and_afterwards_each_says_why() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = host(config(dir.path()));
        let early = host.snapshot();
        let not_asked = RuntimeSupport::Unknown(WhyUnknown::NotAsked);
        for name in ["new", "crun", "bare", "mute", "gone"] {
            assert_eq!(early.recursive_read_only(name).runtime, not_asked, "{name}");
        }
        let words = early.recursive_read_only("new").runtime.to_string();
        assert_eq!(words, "the runtime has not been asked yet");

        fs::write(dir.path().join("gate"), "").unwrap();
        let begin = Instant::now();
        while says(&host, "new") != RuntimeSupport::Yes {
            assert!(begin.elapsed() < LONG, "the answers never come");
            thread::sleep(Duration::from_millis(10));
        }
        let unknown = RuntimeSupport::Unknown;
        for (name, wanted) in [
            ("crun", RuntimeSupport::Yes),
            ("bare", unknown(WhyUnknown::NoList)),
            ("mute", unknown(WhyUnknown::NoDocument)),
            ("gone", unknown(WhyUnknown::Failed)),
            ("shim", unknown(WhyUnknown::NoProgram)),
            ("io.containerd.other.v1", unknown(WhyUnknown::NoProgram)),
        ] {
            assert_eq!(says(&host, name), wanted, "{name}");
        }
        assert_eq!(
            early.recursive_read_only("new").runtime,
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
