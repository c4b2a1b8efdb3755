//! `mounts safe-to-remove`: each reason against it made for real.

use serde_json::Value;

use crate::elsewhere::libraries;
use crate::holders::isolated;

/// The verdict, and the kinds of the reasons that are not about what could not be seen: in a user
/// namespace the processes of others are closed to us.
fn judged(value: &Value) -> (String, Vec<String>) {
    let reasons = value["reasons"].as_array().unwrap().iter();
    let kinds = reasons.map(|reason| reason["kind"].as_str().unwrap().to_owned());
    let seen = kinds.filter(|kind| !["unseen", "detached"].contains(&kind.as_str()));
    (
        value["verdict"].as_str().unwrap().to_owned(),
        seen.collect(),
    )
}

#[track_caller]
fn kinds(script: &str, want: &[&str]) {
    let script = format!("mkdir d d/a; {script}\n$D mounts safe-to-remove d --json");
    let Some(ran) = isolated(&script) else { return };
    let value = ran.json();
    let (verdict, kinds) = judged(&value);
    assert_eq!(kinds, want, "{value:#}");
    assert_eq!(ran.code, i32::from(verdict != "safe"));
    assert_eq!(verdict == "not-safe", !want.is_empty(), "{value:#}");
}

#[test]
fn an_empty_directory_has_nothing_against_it() {
    kinds("", &[]);
}

#[test]
fn mounts_below_are_named_by_what_would_be_lost() {
    kinds("mount -t tmpfs t d/a", &["mount"]);
    kinds(
        "mkdir other; touch other/f; mount --bind other d/a",
        &["bind"],
    );
    kinds("mount --bind m d/a", &["bind"]);
}

#[test]
fn mounts_elsewhere_that_show_it_or_have_layers_there_are_named() {
    kinds("mkdir e; mount --bind d/a e", &["shown"]);
    let overlay = "mkdir e up work; mount -t overlay o e -o userxattr,lowerdir=$T/d/a,upperdir=$T/up,workdir=$T/work";
    kinds(overlay, &["layer"]);
    // A neighbour whose name begins alike is another directory.
    kinds("mkdir da; mount -t tmpfs t da", &[]);
}

/// Layers as Docker and containerd name them, and as nobody can find them again.
#[test]
fn layers_are_found_behind_links_and_unknown_where_no_path_leads_to_them() {
    let mounted = |layers: &str| {
        format!(
            "mkdir d/b e lay m/l; ln -s ../d/a lay/A; ln -s $T/lay links;
            mount -t overlay o e -o userxattr,lowerdir={layers}"
        )
    };
    kinds(&mounted("$T/lay/A:$T/sub"), &["layer"]);
    kinds(&mounted("$T/sub:$T/links/A"), &["layer"]);
    kinds(&mounted("$T/sub:$T/m:$T/lay"), &[]);
    // Relative to the directory above the overlay, and the inode numbers agree.
    kinds(&mounted("d/a:sub"), &["layer"]);
    for (layers, after) in [
        ("d/a:sub", "mv d/a d/c; mkdir d/a"),
        ("/proc/self/cwd/d/a:$T/sub", ""),
        ("$T/d/a/x:$T/sub", "mv d/a/x d/a/y"),
        ("$T/d/a/x:$T/sub", "mv d/a/x d/a/y; touch d/a/x"),
    ] {
        let mounted = mounted(layers).replace("mkdir d/b", "mkdir d/b d/a/x");
        for command in ["safe-to-remove sub/x", "holders m"] {
            let script = format!(
                "mkdir d d/a sub/x; {mounted}; {after}
                $D mounts {command} --json || test $? = 1; ! $D mounts {command} >&2"
            );
            let Some(ran) = isolated(&script) else { return };
            let ran = ran.expect(0);
            let said = "not every layer of the overlay at";
            assert!(
                ran.stdout.contains(said),
                "{layers} {command}: {}",
                ran.stdout
            );
            assert!(
                ran.stderr.contains(said),
                "{layers} {command}: {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn mounts_that_only_another_namespace_has_are_named() {
    let script = "mount -t tmpfs t d/a; unshare -m --propagation private $S & started; umount d/a";
    kinds(script, &["copy"]);
}

#[test]
fn processes_and_what_they_have_open_are_named() {
    kinds("(cd d/a; exec $S) & started", &["process"]);
    kinds("$S > d/a/f & started; rm d/a/f", &["process"]);
}

#[test]
fn a_socket_that_is_bound_there_is_named() {
    if !support::skip::unless_runs("python3", &["-V"]) {
        return;
    }
    let bind = "import os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.close(os.open(sys.argv[2], os.O_CREAT)); time.sleep(60)";
    kinds(
        &format!(
            "python3 -c '{bind}' $T/d/a/socket $T/bound & until test -e bound; do sleep 0.01; done"
        ),
        &["process"],
    );
}

#[test]
fn a_file_system_that_was_detached_and_lives_leaves_it_unknown() {
    let script = "mkdir d; $S > m/file & started; umount -l m
        $D mounts safe-to-remove d --json || test $? = 1; $D mounts safe-to-remove d >&2";
    let Some(ran) = isolated(script) else { return };
    let value = ran.json();
    assert_eq!(judged(&value), ("unknown".into(), Vec::new()), "{value:#}");
    let text = "It cannot be known whether";
    assert!(ran.stderr.contains(text), "{}", ran.stderr);
}

#[test]
fn what_is_no_directory_is_an_error() {
    let script = "touch f; for p in f nowhere; do $D mounts safe-to-remove $p && exit 9 || test $? = 2; done";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    assert!(ran.stderr.contains("is not a directory"), "{}", ran.stderr);
    assert!(ran.stderr.contains("does not exist"), "{}", ran.stderr);
}

/// Mounts outside of the root directory may show what is in it.
#[test]
fn from_a_chroot_it_cannot_be_known() {
    let script = "mkdir -p jail/y z; for d in usr lib lib64 proc sys; do
            test ! -d /$d || { mkdir jail/$d; mount --rbind /$d jail/$d; }; done
        for d in LIBRARIES; do mkdir -p jail$d; mount --bind $d jail$d; done
        cp $D jail/d; mount --bind jail/y z
        for what in 'safe-to-remove /y' 'holders /proc'; do
            code=0; chroot jail /d mounts $what || code=$?; test $code = 1; done";
    let script = script.replace("LIBRARIES", &libraries());
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let said = ran.stdout.matches("only a part of this mount namespace");
    assert_eq!(said.count(), 2, "{}", ran.stdout);
}
