//! Bundles that refer to scripts, and those that an attacker would make.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use runtimes::{Reason, References, plan_sweep};

use crate::sweep::{one, survives};

/// A containerd state directory with one bundle that refers to a script.
pub(crate) fn bundle(state: &Path, file: &str, text: &str) {
    let bundle = state.join("moby/0123abcd");
    fs::create_dir_all(bundle.join("rootfs/moby/x")).unwrap();
    // What a container's own files say refers to nothing.
    fs::write(bundle.join("rootfs/options.json"), text).unwrap();
    fs::write(bundle.join("config.json"), "{}").unwrap();
    fs::write(bundle.join("init.pid"), "1").unwrap();
    fs::write(bundle.join(file), text).unwrap();
}

#[test]
fn bundles_of_the_runc_shim_keep() {
    for (file, json) in [
        ("options.json", true),
        ("options.json", false),
        ("runtime", false),
    ] {
        for depth in 0..3 {
            let (temp, dir, script) = one();
            let state = temp.path().join("state");
            let path = dir.join(script.file_name());
            let text = match json {
                true => format!(r#"{{"binary_name":"{}","root":"/run/x"}}"#, path.display()),
                false => format!("{}\n", path.display()),
            };
            bundle(&state, file, &text);
            let top = ["", "moby", "moby/0123abcd"][depth];
            let mut references = References::new();
            references.scan_bundles(&state.join(top));
            assert!(references.is_complete());
            survives(&dir, &script, &references, file);
        }
    }
}

#[test]
fn a_bundle_may_refer_through_a_symlink() {
    let (temp, dir, script) = one();
    let link = temp.path().join("runtime-link");
    symlink(dir.join(script.file_name()), &link).unwrap();
    bundle(
        &temp.path().join("s"),
        "options.json",
        &format!(r#"{{"BinaryName":"{}"}}"#, link.display()),
    );
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("s"));
    survives(&dir, &script, &references, "options.json");
}

#[test]
fn a_containers_filesystem_is_not_entered() {
    let (temp, dir, script) = one();
    bundle(&temp.path().join("s"), "unrelated", "");
    let text = dir.join(script.file_name()).display().to_string();
    fs::write(temp.path().join("s/moby/0123abcd/rootfs/runtime"), text).unwrap();
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("s/moby"));
    assert_eq!(
        plan_sweep(&dir, &references).unwrap()[0].reason,
        Reason::Unreferenced
    );
}

#[test]
fn torn_bundle_files_still_count() {
    let (temp, dir, script) = one();
    let text = format!(
        r#"{{"binary_name":"{}/{}"#,
        dir.display(),
        script.file_name()
    );
    bundle(&temp.path().join("s"), "options.json", &text);
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("s"));
    survives(&dir, &script, &references, "options.json");
}

/// Bundles as an attacker would make them: nothing hangs, nothing referenced goes.
#[test]
fn hostile_bundles() {
    type Make = fn(&Path);
    let makes: [(&str, bool, Make); 9] = [
        ("a pipe", true, |file| {
            nix::unistd::mkfifo(file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }),
        ("a directory", true, |file| fs::create_dir(file).unwrap()),
        ("a socket", true, |file| {
            drop(std::os::unix::net::UnixListener::bind(file).unwrap());
        }),
        ("an endless device", true, |file| {
            symlink("/dev/zero", file).unwrap();
        }),
        ("a huge file", true, |file| {
            fs::File::create(file).unwrap().set_len(100 << 20).unwrap();
        }),
        ("a dangling link", false, |file| {
            symlink("nowhere", file).unwrap();
        }),
        ("a loop", true, |file| symlink(file, file).unwrap()),
        ("deep nesting", false, |file| {
            fs::write(file, "[".repeat(3 << 20)).unwrap();
        }),
        ("nothing", false, |file| fs::write(file, "").unwrap()),
    ];
    for (what, uncertain, make) in makes {
        for name in ["options.json", "runtime"] {
            let (temp, dir, script) = one();
            let state = temp.path().join("s");
            bundle(&state, "x", "");
            make(&state.join("moby/0123abcd").join(name));
            let mut references = References::new();
            references.scan_bundles(&state);
            assert_eq!(!references.is_complete(), uncertain, "{what}");
            // Beside it another bundle that is in order.
            let honest = state.join("moby/honest");
            fs::create_dir_all(&honest).unwrap();
            let path = dir.join(script.file_name()).display().to_string();
            fs::write(honest.join("runtime"), path).unwrap();
            let mut references = References::new();
            references.scan_bundles(&state);
            survives(&dir, &script, &references, "honest");
        }
    }
}

#[test]
fn bundles_are_found_from_further_up_and_through_links() {
    let (temp, dir, script) = one();
    let state = temp.path().join("run/io.containerd.runtime.v2.task");
    let path = dir.join(script.file_name()).display().to_string();
    bundle(&state, "runtime", &path);
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("run"));
    survives(&dir, &script, &references, "bundle file");

    let elsewhere = temp.path().join("elsewhere/moby");
    fs::create_dir_all(&elsewhere).unwrap();
    symlink(state.join("moby/0123abcd"), elsewhere.join("id")).unwrap();
    let mut references = References::new();
    references.scan_bundles(&temp.path().join("elsewhere"));
    survives(&dir, &script, &references, "bundle file");
}

#[test]
fn missing_bundle_directories_are_empty() {
    let mut references = References::new();
    references.scan_bundles(Path::new("/nonexistent/bundles"));
    references.scan_links(Path::new("/nonexistent/links"));
    assert!(references.is_complete());
}
