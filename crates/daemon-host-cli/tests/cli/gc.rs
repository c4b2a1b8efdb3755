//! `runtimes gc` on a directory of scripts, beside bundles as containerd's runc shim
//! leaves them, and as somebody who means harm would.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{Ran, run};

/// A host with four published scripts, of which the configuration names the first.
struct Scene {
    dir: tempfile::TempDir,
    scripts: [PathBuf; 4],
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let entry = |name: &str| {
            // With the place in it: a script of the same name in another test is in use, too.
            let place = dir.path().display().to_string();
            let entry = json!({ "path": "/bin/true", "runtimeArgs": [name, "it's", place] });
            (name.to_owned(), entry)
        };
        let names = ["configured", "in-a-bundle", "kept", "unused"];
        let all: serde_json::Map<_, _> = names.into_iter().map(entry).collect();
        let config = dir.path().join("daemon.json");
        fs::write(&config, json!({ "runtimes": all }).to_string()).unwrap();
        let state = dir.path().join("scripts").display().to_string();
        let config_arg = config.display().to_string();
        let publish = |name: &str| {
            let table = ["--config", &config_arg, "--state", &state, "--json"];
            let words = [&["runtimes", "resolve", name], &table[..]].concat();
            let resolved = run(&words).expect(0).json();
            PathBuf::from(resolved["script"].as_str().unwrap())
        };
        let scripts = names.map(publish);
        let left: serde_json::Map<_, _> = all.into_iter().take(1).collect();
        fs::write(&config, json!({ "runtimes": left }).to_string()).unwrap();
        Self { dir, scripts }
    }

    fn bundle(&self, id: &str) -> PathBuf {
        let bundle = self.dir.path().join("tasks/moby").join(id);
        fs::create_dir_all(bundle.join("rootfs")).unwrap();
        fs::write(bundle.join("config.json"), "{}").unwrap();
        fs::write(bundle.join("address"), "unix:///run/containerd/s/0123").unwrap();
        symlink("/var/lib/containerd/nowhere", bundle.join("work")).unwrap();
        bundle
    }

    fn gc(&self, further: &[&str]) -> Ran {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let (config, state, tasks) = (path("daemon.json"), path("scripts"), path("tasks"));
        let kept = self.scripts[2].display().to_string();
        let words = [
            "runtimes",
            "gc",
            "--json",
            "--config",
            &config,
            "--state",
            &state,
            "--bundles",
            &tasks,
            "--keep",
            &kept,
        ];
        run(&[&words, further].concat())
    }

    /// Which of the scripts are there.
    fn left(&self) -> [bool; 4] {
        [0, 1, 2, 3].map(|place| self.scripts[place].exists())
    }
}

/// The reason for a file, after a check that the verdict agrees with `removes`.
#[track_caller]
fn reason(answer: &Value, file: &Path, removes: bool) -> String {
    let verdicts = answer["verdicts"].as_array().unwrap();
    let found = verdicts
        .iter()
        .find(|verdict| verdict["path"].as_str() == file.to_str());
    let found = found.unwrap_or_else(|| panic!("nothing about {file:?}: {answer}"));
    assert_eq!(found["remove"], removes, "{found}");
    found["reason"].as_str().unwrap().to_owned()
}

#[test]
fn explains_every_verdict_and_then_does_as_it_said() {
    let scene = Scene::new();
    let script = scene.scripts[1].display().to_string();
    let bundle = scene.bundle("0123abcd");
    let options = json!({ "binary_name": script, "root": "/var/run/docker/runtime-runc" });
    fs::write(bundle.join("options.json"), options.to_string()).unwrap();
    fs::write(bundle.join("runtime"), &script).unwrap();
    let stale = scene.dir.path().join("scripts/.tmp-1-0");
    fs::hard_link(&scene.scripts[1], &stale).unwrap();
    let foreign = scene.dir.path().join("scripts/README");
    fs::write(&foreign, "mine").unwrap();

    let plan = scene.gc(&["--dry-run"]).expect(0).json();
    for (file, removes, why) in [
        (
            &scene.scripts[0],
            false,
            "runtime \"configured\" of the configuration",
        ),
        (&scene.scripts[1], false, "options.json"),
        (&scene.scripts[2], false, "--keep"),
        (&scene.scripts[3], true, "nothing refers to it"),
        (&stale, true, "left behind by a crash"),
        (&foreign, false, "not a wrapper script"),
    ] {
        let said = reason(&plan, file, removes);
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(plan["verdicts"].as_array().unwrap().len(), 6);
    assert_eq!(scene.left(), [true; 4], "a dry run removes nothing");
    assert!(stale.exists());

    let done = scene.gc(&[]).expect(0).json();
    assert_eq!(done["verdicts"], plan["verdicts"]);
    assert_eq!(scene.left(), [true, true, true, false]);
    assert!(!stale.exists() && foreign.exists());

    // The container is gone, and its bundle with it.
    fs::remove_dir_all(&bundle).unwrap();
    scene.gc(&[]).expect(0);
    assert_eq!(scene.left(), [true, false, true, false]);
}

#[test]
fn a_bundle_that_cannot_be_read_keeps_every_script() {
    type Make = fn(&Path);
    let makes: [(&str, Make); 5] = [
        ("a pipe", |file| {
            nix::unistd::mkfifo(file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }),
        ("an endless device", |file| {
            symlink("/dev/zero", file).unwrap();
        }),
        ("a huge file", |file| {
            fs::File::create(file).unwrap().set_len(1 << 40).unwrap();
        }),
        ("a loop", |file| symlink(file, file).unwrap()),
        ("a directory", |file| fs::create_dir(file).unwrap()),
    ];
    for (what, make) in makes {
        let scene = Scene::new();
        let file = scene.bundle("0123abcd").join("options.json");
        make(&file);
        for further in [&["--dry-run"][..], &[]] {
            let answer = scene.gc(further).expect(0).json();
            let said = reason(&answer, &scene.scripts[3], false);
            assert!(said.contains("options.json"), "{what}: {said}");
        }
        assert_eq!(scene.left(), [true; 4], "{what}");
    }
}

#[test]
fn a_directory_of_bundles_that_is_mistyped_is_an_error() {
    let scene = Scene::new();
    fs::create_dir(scene.dir.path().join("tasks")).unwrap();
    for flag in ["--bundles", "--exec-root"] {
        let ran = scene.gc(&[flag, "/nonexistent/tasks"]).expect(2);
        let said = format!("{flag} \"/nonexistent/tasks\": no such directory");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
    assert_eq!(scene.left(), [true; 4]);
    let words = ["runtimes", "gc", "--state", "/nonexistent/scripts"];
    let ran = run(&words).expect(2);
    let said = "--state \"/nonexistent/scripts\": no such directory";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn bundles_are_looked_for_below_the_exec_root() {
    let scene = Scene::new();
    fs::create_dir(scene.dir.path().join("tasks")).unwrap();
    let exec = scene.dir.path().join("exec/docker");
    let task = "io.containerd.runtime.v2.task/moby/0123abcd";
    let name = |bundle: &Path, place: usize| {
        fs::create_dir_all(bundle).unwrap();
        let script = scene.scripts[place].display().to_string();
        fs::write(
            bundle.join("options.json"),
            json!({ "binary_name": script }).to_string(),
        )
        .unwrap();
    };
    name(&exec.join("containerd/daemon").join(task), 1);
    name(&scene.dir.path().join("exec/containerd").join(task), 3);
    let exec = exec.display().to_string();
    scene.gc(&["--exec-root", &exec]).expect(0);
    assert_eq!(scene.left(), [true; 4]);
}

#[test]
fn a_bundle_that_a_process_works_in_is_found_wherever_it_is() {
    let scene = Scene::new();
    fs::create_dir(scene.dir.path().join("tasks")).unwrap();
    let tasks = "elsewhere/containerd/daemon/io.containerd.runtime.v2.task/moby";
    let bundle = scene.dir.path().join(tasks).join("0123abcd");
    fs::create_dir_all(&bundle).unwrap();
    let options = json!({ "binary_name": scene.scripts[3].display().to_string() });
    fs::write(bundle.join("options.json"), options.to_string()).unwrap();
    let mut shim = std::process::Command::new("sh")
        .args(["-c", "read -r line"])
        .current_dir(&bundle)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let answer = scene.gc(&[]).expect(0).json();
    let said = reason(&answer, &scene.scripts[3], false);
    assert!(said.contains("elsewhere"), "{said}");
    assert_eq!(scene.left(), [true, false, true, true]);
    drop(shim.stdin.take());
    shim.wait().unwrap();
    scene.gc(&[]).expect(0);
    assert_eq!(scene.left(), [true, false, true, false]);
}

#[test]
fn a_script_on_a_command_line_is_in_use() {
    let scene = Scene::new();
    fs::create_dir(scene.dir.path().join("tasks")).unwrap();
    let script = scene.scripts[3].display().to_string();
    // As conmon has it: the runtime is one of many words.
    let mut monitor = std::process::Command::new("sh")
        .args(["-c", "read -r line", "monitor", "-r", &script])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let answer = scene.gc(&[]).expect(0).json();
    let said = reason(&answer, &scene.scripts[3], false);
    assert!(
        said.contains(&format!("pid {} sh names it", monitor.id())),
        "{said}"
    );
    assert_eq!(scene.left(), [true, false, true, true]);
    drop(monitor.stdin.take());
    monitor.wait().unwrap();
    scene.gc(&[]).expect(0);
    assert_eq!(scene.left(), [true, false, true, false]);
}

#[test]
fn a_bundle_that_names_nothing_is_no_obstacle() {
    let scene = Scene::new();
    symlink("nowhere", scene.bundle("dangling").join("options.json")).unwrap();
    fs::write(scene.bundle("odd").join("runtime"), b"/a\0b\xff\n").unwrap();
    fs::write(
        scene.bundle("deep").join("options.json"),
        "[".repeat(1 << 20),
    )
    .unwrap();
    fs::write(scene.bundle("long").join("runtime"), "/x".repeat(1 << 20)).unwrap();
    symlink("loop", scene.dir.path().join("tasks/moby/loop")).unwrap();
    scene.gc(&[]).expect(0);
    assert_eq!(scene.left(), [true, false, true, false]);
}
