//! What a sweep removes, and everything it must not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use runtimes::{
    Proc, Reason, References, Runtimes, Script, ScriptStore, TableOptions, plan_sweep, sweep,
};

use crate::bundles::bundle;
use crate::support::{as_nobody, closed_dir, names, open_to_all, script, wrappers};

/// A script directory with one script, not held open.
pub(crate) fn one() -> (tempfile::TempDir, PathBuf, Script) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let script = script("rt", &["/bin/true", "x"]);
    ScriptStore::open(&dir).unwrap().publish([&script]).unwrap();
    (temp, dir, script)
}

#[track_caller]
pub(crate) fn survives(dir: &Path, script: &Script, references: &References, by: &str) {
    for verdict in plan_sweep(dir, references).unwrap() {
        match verdict.reason {
            Reason::Referenced { by: who } => assert!(who.contains(by), "{who}"),
            other => panic!("{other:?}"),
        }
    }
    let report = sweep(dir, references).unwrap();
    assert!(report.failed.is_empty());
    assert_eq!(names(dir), [script.file_name()]);
}

#[test]
fn removes_what_nothing_refers_to() {
    let (_temp, dir, script) = one();
    fs::write(dir.join(".tmp-1-0"), "half").unwrap();
    fs::write(dir.join("README"), "mine").unwrap();
    fs::write(
        dir.join("old.J0L0-28VPX-2TDKXFNSHXK5WS1Z-XWX71R0Y5T4R3TV4R5WL0DS0===="),
        "moby's",
    )
    .unwrap();
    let before = names(&dir);
    let plan = plan_sweep(&dir, &References::new()).unwrap();
    assert_eq!(names(&dir), before, "a plan changes nothing");
    let reasons: Vec<_> = plan.iter().map(|verdict| &verdict.reason).collect();
    assert_eq!(
        reasons,
        [
            &Reason::StaleTemporary,
            &Reason::Foreign,
            &Reason::Foreign,
            &Reason::Unreferenced
        ]
    );
    let report = sweep(&dir, &References::new()).unwrap();
    assert_eq!(report.verdicts, plan);
    assert!(!names(&dir).contains(&script.file_name().to_owned()));
    assert_eq!(names(&dir).len(), 2);
}

#[test]
fn a_missing_directory_is_clean() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("none");
    assert!(plan_sweep(&dir, &References::new()).unwrap().is_empty());
    assert!(sweep(&dir, &References::new()).unwrap().verdicts.is_empty());
    assert!(!dir.exists());
}

#[test]
fn a_callers_reference_keeps() {
    let (_temp, dir, script) = one();
    let mut references = References::new();
    references.add(&dir.join(script.file_name()), "container 12");
    survives(&dir, &script, &references, "container 12");
}

#[test]
fn the_new_table_keeps_its_scripts() {
    let (_temp, dir, script) = one();
    let config = wrappers(&[("rt", "/bin/true", &["x"])]);
    let mut references = References::new();
    references.add_table(&Runtimes::build(&config, &TableOptions::new(&dir)));
    survives(&dir, &script, &references, "configuration");
}

#[test]
fn links_of_both_kinds_keep() {
    let (temp, dir, script) = one();
    let target = dir.join(script.file_name());
    let links = temp.path().join("links");
    fs::create_dir(&links).unwrap();
    symlink(&target, temp.path().join("second")).unwrap();
    symlink("../second", links.join("first")).unwrap();
    let mut references = References::new();
    references.scan_links(&links);
    survives(&dir, &script, &references, "symlink");

    fs::hard_link(&target, temp.path().join("hard")).unwrap();
    let mut references = References::new();
    references.add(&temp.path().join("hard"), "a hard link");
    survives(&dir, &script, &references, "a hard link");
}

#[test]
fn a_second_name_left_by_a_crash_goes_though_the_script_is_in_use() {
    let (_temp, dir, script) = one();
    let target = dir.join(script.file_name());
    fs::hard_link(&target, dir.join(".tmp-1-0")).unwrap();
    let mut references = References::new();
    references.add(&target, "container 12");
    let plan = plan_sweep(&dir, &references).unwrap();
    assert_eq!(plan[0].reason, Reason::StaleTemporary);
    assert_eq!(sweep(&dir, &references).unwrap().verdicts, plan);
    survives(&dir, &script, &references, "container 12");
}

/// A procfs with these processes: pid, command line.
fn proc(temp: &Path, processes: &[(u32, &str)]) -> PathBuf {
    let proc = temp.join("proc");
    fs::create_dir_all(proc.join("7777")).unwrap();
    if !proc.join("self").exists() {
        symlink("7777", proc.join("self")).unwrap();
    }
    fs::write(proc.join("self/mountinfo"), "").unwrap();
    for (pid, line) in processes {
        let dir = proc.join(pid.to_string());
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("cmdline"), line.replace(' ', "\0")).unwrap();
        fs::write(dir.join("comm"), "conmon\n").unwrap();
    }
    proc
}

#[test]
fn a_command_line_keeps_what_it_names() {
    let (temp, dir, script) = one();
    let path = dir.join(script.file_name()).display().to_string();
    for words in ["-r PATH -b /bundle", "--runtime=PATH", "sh PATH state"] {
        let line = format!("/usr/bin/conmon {}", words.replace("PATH", &path));
        let proc = proc(temp.path(), &[(1, "init"), (812, &line)]);
        let mut references = References::new();
        references.scan_processes(Proc::unchecked(&proc));
        assert!(references.is_complete());
        survives(&dir, &script, &references, "pid 812 conmon names it");
    }
}

#[test]
fn in_the_procfs_of_an_outer_pid_namespace_another_process_has_our_number() {
    let (temp, dir, script) = one();
    let path = dir.join(script.file_name()).display().to_string();
    let (here, there) = (std::process::id(), 4_194_303);
    let other = format!("/usr/bin/conmon -r {path}");
    let own = format!("daemon-host runtimes gc {path}");
    let proc = proc(temp.path(), &[(1, "init"), (here, &other), (there, &own)]);
    // As in a real procfs, `self` leads to the directory of the reader.
    let mounts = proc.join(there.to_string()).join("mountinfo");
    fs::rename(proc.join("self/mountinfo"), mounts).unwrap();
    fs::remove_file(proc.join("self")).unwrap();
    symlink(there.to_string(), proc.join("self")).unwrap();
    let mut references = References::new();
    references.scan_processes(Proc::unchecked(&proc));
    let by = format!("pid {here} conmon names it");
    survives(&dir, &script, &references, &by);
    fs::remove_dir_all(proc.join(here.to_string())).unwrap();
    let mut references = References::new();
    references.scan_processes(Proc::unchecked(&proc));
    sweep(&dir, &references).unwrap();
    assert!(names(&dir).is_empty());
}

#[test]
fn a_proc_that_hides_processes_keeps_every_script() {
    let (temp, dir, script) = one();
    let proc = proc(temp.path(), &[(812, "sleep 1")]);
    let mut references = References::new();
    references.scan_processes(Proc::unchecked(&proc));
    assert!(!references.is_complete());
    sweep(&dir, &references).unwrap();
    assert_eq!(names(&dir), [script.file_name()]);
}

#[test]
fn what_cannot_be_read_keeps_everything() {
    let (temp, dir, script) = one();
    let file = temp.path().join("s/moby/0123abcd/options.json");
    bundle(&temp.path().join("s"), "x", "");
    // Longer than is read; root could read whatever its mode says.
    fs::File::create(&file).unwrap().set_len(100 << 20).unwrap();
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("s"));
    assert!(!references.is_complete());
    assert_eq!(references.unreadable().next().unwrap().0, file);
    let report = sweep(&dir, &references).unwrap();
    assert_eq!(
        report.verdicts[0].reason,
        Reason::Uncertain { unreadable: file }
    );
    assert_eq!(names(&dir), [script.file_name()]);
}

#[test]
fn what_may_not_be_looked_at_keeps_everything() {
    let (temp, dir, script) = one();
    open_to_all(temp.path());
    let closed = temp.path().join("closed");
    closed_dir(&closed);
    let link = temp.path().join("link");
    symlink(closed.join("program"), &link).unwrap();
    let state = temp.path().join("s");
    bundle(
        &state,
        "options.json",
        &format!(r#"{{"BinaryName":{link:?}}}"#),
    );
    symlink(closed.join("program"), state.join("moby/a-link")).unwrap();
    type Collect<'a> = &'a (dyn Fn(&mut References) + Sync);
    let ways: [(&str, Collect<'_>, &Path); 5] = [
        (
            "a path",
            &|r| r.add(&closed.join("program"), "x"),
            &closed.join("program"),
        ),
        ("a symlink", &|r| r.add(&link, "x"), &link),
        ("a directory of links", &|r| r.scan_links(&closed), &closed),
        ("bundles", &|r| r.scan_bundles(&closed), &closed),
        ("what a bundle names", &|r| r.scan_bundles(&state), &link),
    ];
    for (what, collect, unreadable) in ways {
        let mut references = References::new();
        as_nobody(|| collect(&mut references));
        let missed: Vec<_> = references.unreadable().map(|(path, _)| path).collect();
        assert!(missed.contains(&unreadable), "{what}: {missed:?}");
        let plan = plan_sweep(&dir, &references).unwrap();
        assert!(
            matches!(plan[0].reason, Reason::Uncertain { .. }),
            "{what}: {plan:?}"
        );
    }
    assert_eq!(names(&dir), [script.file_name()]);
}

#[test]
fn what_leads_nowhere_is_no_reference_and_no_obstacle() {
    let (temp, dir, _) = one();
    let file = temp.path().join("file");
    fs::write(&file, "").unwrap();
    symlink("loop", temp.path().join("loop")).unwrap();
    let mut references = References::new();
    for path in [
        &temp.path().join("nowhere"),
        &temp.path().join("loop"),
        &file.join("below"),
        Path::new(&"n/".repeat(9000)),
        Path::new("a\0b"),
        Path::new(""),
    ] {
        references.add(path, "x");
    }
    assert!(references.is_complete(), "{references:?}");
    assert!(plan_sweep(&dir, &references).unwrap()[0].reason.removes());
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let (_temp, dir, script) = one();
    fs::write(dir.join(".tmp-9-9"), "being written").unwrap();
    let user = ScriptStore::open(&dir).unwrap();
    for verdicts in [
        plan_sweep(&dir, &References::new()).unwrap(),
        sweep(&dir, &References::new()).unwrap().verdicts,
    ] {
        assert!(
            verdicts
                .iter()
                .all(|verdict| verdict.reason == Reason::InUse),
            "{verdicts:?}"
        );
    }
    // The refused sweep has not cost the user its lock, nor the sweeper's end.
    assert_eq!(names(&dir).len(), 2);
    assert_eq!(user.publish([&script]).unwrap().unchanged, 1);
    drop(user);
    sweep(&dir, &References::new()).unwrap();
    assert!(names(&dir).is_empty());
}

#[test]
fn two_daemons_start_at_once() {
    let (_temp, dir, script) = one();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let store = ScriptStore::open(&dir).unwrap();
                    store.publish([&script]).unwrap();
                    // As long as it is held open, what was published stays.
                    for _ in 0..3 {
                        assert!(dir.join(script.file_name()).exists());
                        std::thread::yield_now();
                    }
                    drop(store);
                    sweep(&dir, &References::new()).unwrap();
                }
            });
        }
    });
}
