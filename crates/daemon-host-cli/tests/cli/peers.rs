//! `mounts peers`: whom a mount and an unmount reach, held against what the kernel does.

use serde_json::Value;

use crate::holders::isolated;

/// The ways of a list, sorted.
fn ways(value: &Value, list: &str) -> Vec<String> {
    let list = value[list].as_array().unwrap().iter();
    let mut ways: Vec<String> = list.map(|p| p["way"].as_str().unwrap().into()).collect();
    ways.sort();
    ways
}

/// A shared tmpfs with a mount on it, and namespaces that are peers, slaves and private.
const SCENE: &str = "mkdir top; mount -t tmpfs top top; mount --make-shared top
    mkdir top/x; mount -t tmpfs x top/x
    unshare -m --propagation unchanged $S & unshare -m --propagation slave $S &
    unshare -m --propagation private $S & started; sleep 0.2; p=$(jobs -p)\n";

#[test]
fn an_unmount_reaches_whom_it_is_said_to_reach() {
    let script = format!(
        "{SCENE} $D mounts peers top/x --json; umount top/x
        for i in $p; do grep -c ' '$T/top/x' ' /proc/$i/mountinfo >&2 || true; done"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    {
        // What the kernel did: the peer and the slave lost it, the private one has it.
        let mut left: Vec<&str> = ran.stderr.lines().collect();
        left.sort_unstable();
        assert_eq!(left, ["0", "0", "1"]);
    }
    let value = ran.json();
    assert_eq!(ways(&value, "reached"), ["peer", "slave"], "{value:#}");
    let kept = ways(&value, "kept");
    assert_eq!(kept.len(), 1, "{value:#}");
    assert!(kept[0].ends_with("top there is private"), "{kept:?}");
}

#[test]
fn a_mount_below_appears_where_it_is_said_to_appear() {
    let script = format!(
        "{SCENE} mkdir top/y; $D mounts peers top --json; mount -t tmpfs y top/y
        for i in $p; do grep -c ' '$T/top/y' ' /proc/$i/mountinfo >&2 || true; done"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    {
        let mut there: Vec<&str> = ran.stderr.lines().collect();
        there.sort_unstable();
        assert_eq!(there, ["0", "1", "1"]);
    }
    let value = ran.json();
    assert_eq!(ways(&value, "appears"), ["peer", "slave"], "{value:#}");
}

#[test]
fn pictures_show_each_namespace_once_and_hold_no_foreign_markup() {
    let script = format!(
        "{SCENE} mkdir 'top/<b>\"'; mount -t tmpfs e 'top/<b>\"'
        $D mounts peers 'top/<b>\"' --svg $T/p.svg >&2; cat $T/p.svg; echo ===; $D mounts peers top/x --mermaid
        echo ===; $D mounts peers"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let parts: Vec<&str> = ran.stdout.split("===\n").collect();
    let [svg, mermaid, text] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert!(
        svg.contains("top/&lt;b&gt;") && !svg.contains("<b>"),
        "{svg}"
    );
    assert!(mermaid.starts_with("graph LR\n"), "{mermaid}");
    for word in ["<-->|", "-->|", "-.-x|"] {
        assert!(mermaid.contains(word), "{word}: {mermaid}");
    }
    assert!(text.contains("group ") && text.contains("slave"), "{text}");
}

#[test]
fn what_is_no_mount_point_is_an_error() {
    let Some(ran) = isolated("$D mounts peers sub") else {
        return;
    };
    let ran = ran.expect(2);
    assert!(
        ran.stderr.contains("is not a mount point"),
        "{}",
        ran.stderr
    );
}

/// Names may hold what a terminal obeys, and a mount may be hidden by another one.
#[test]
fn odd_names_hidden_mounts_and_places_without_a_mount_are_told() {
    let script = r#"N=$(printf 'e\033[31m\nx'); mkdir "$N" m/in; mount -t tmpfs t "$N"
        mount -t tmpfs in m/in; mount -t tmpfs over m
        for w in holders peers safe-to-remove; do $D mounts $w "$N" || test $? = 1; done
        $D mounts peers m/in; $D mounts list --at m/in; $D mounts list --newest 1 --at "$N"
        for a in 'mounts peers sub' 'mounts peers --mermaid --json' 'mounts safe-to-remove m/in' \
            'root cleanup --rule /x'; do
            code=0; $D $a || code=$?; test $code = 2; done"#;
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let shown = ran.stdout.matches("/e\\u{1b}[31m\\nx").count();
    assert!(shown >= 4, "{}", ran.stdout);
    for words in ["none of the newest 1 is at /", "/m/in"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    for words in [
        "is not a mount point: it is on",
        "an answer has one form",
        "another mount lies over",
        "begins with a slash",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}
