//! Engines that are found by themselves, on real mounts, in namespaces of a test's own.

use serde_json::{Value, json};

use crate::command::{Ran, in_own_mounts, in_own_pids};

/// Runs a script where `/var/lib`, `/run`, `/etc` and `/home` are empty, and no process of others
/// is seen, so that no engine of the machine is. `$D` is the command.
fn isolated(script: &str) -> Option<Ran> {
    isolated_in(in_own_pids, script)
}

fn isolated_in(run: fn(&str) -> Option<Ran>, script: &str) -> Option<Ran> {
    let prologue = "set -e; cp $D $T/d; D=$T/d
        for empty in /var/lib /run /etc /home; do mount -t tmpfs t $empty; done
        G=/var/lib/containers/storage; N=/run/netns
        at() { mkdir -p $1; mount -t tmpfs s $1; }
        id() { printf \"$1%.0s\" $(seq 64); }
        code() { want=$1; shift; got=0; \"$@\" || got=$?; test $got = $want; }
        left() { grep -c \" $1\" /proc/self/mountinfo || true; }
        ";
    run(&format!("{prologue}{script}"))
}

/// Words of a script: a store of podman with a container `a` on layer `c`, and `b` on `d`.
const PODMAN: &str = "mkdir -p $G/overlay-containers /run/crun
    echo '[{\"id\":\"'$(id a)'\",\"names\":[\"web\"],\"layer\":\"'$(id c)'\"},
           {\"id\":\"'$(id b)'\",\"names\":[\"db\"],\"layer\":\"'$(id d)'\"}]' > $G/overlay-containers/containers.json
    for layer in c d e; do at $G/overlay/$(id $layer)/merged; done
    at $G/overlay-containers/$(id a)/userdata/shm
    ";

#[test]
fn a_report_says_why_single_mounts_are_in_doubt() {
    // A state that cannot be read puts its own container in doubt, and no other.
    let script = format!(
        "{PODMAN} mkdir -p /run/crun/$(id a); echo '{{' > /run/crun/$(id a)/status
        code 1 $D report --no-probe --json"
    );
    let Some(ran) = isolated(&script) else { return };
    let report = ran.expect(0).json();
    let findings = report["findings"].as_array().unwrap();
    let is_doubt = |finding: &&Value| finding.to_string().contains("it cannot be told");
    let doubts: Vec<&Value> = findings.iter().filter(is_doubt).collect();
    let [doubt] = doubts[..] else {
        panic!("{findings:#?}");
    };
    let cause = doubt["cause"].as_str().unwrap();
    assert!(cause.contains("/run/crun/aaaa"), "{cause:?}");
}

#[test]
fn leftovers_of_podman_are_found_and_what_lives_or_was_asked_for_stays() {
    let script = format!(
        "{PODMAN} cd $G/overlay/$(id d)/merged; sleep 60 > /dev/null 2>&1 & P=$!; cd /
        code 1 $D report --no-probe >&2
        $D root cleanup --dry-run --json; test $(left $G) = 4
        code 1 $D root status >&2; code 1 $D root status --json > $T/status
        grep -q '\"engine_name\": \"containers-storage\"' $T/status
        $D root cleanup >&2; test $(left $G) = 2
        kill $P; wait $P || true
        $D root cleanup --engine containers-storage >&2; test $(left $G) = 1
        $D root cleanup --engine docker >&2"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let plan = ran.json();
    let engine = &plan["engines"][0];
    assert_eq!(engine["engine_name"], "containers-storage");
    assert_eq!(engine["root_path"], "/var/lib/containers/storage");
    let rules: Vec<&Value> = engine["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["rule"])
        .collect();
    assert_eq!(rules.len(), 2);
    assert!(
        rules.contains(&&json!("overlay/<layer>/merged")),
        "{rules:?}"
    );
    assert!(
        rules.contains(&&json!("overlay-containers/<id>/userdata/shm")),
        "{rules:?}"
    );
    for words in [
        "2 leftover mounts of containers-storage in /var/lib/containers/storage",
        "root cleanup --engine containers-storage",
        "asked for by a person or an image volume",
        "runs: pid",
        "no engine has anything mounted here",
    ] {
        assert!(ran.stderr.contains(words), "no {words:?} in {}", ran.stderr);
    }
}

/// Only a runtime knows which pods live, and a volume may hold data.
#[test]
fn volumes_of_a_pod_are_told_and_stay() {
    let script = "P=/var/lib/kubelet/pods/0a1b2c3d-0000-4000-8000-00000000000a/volumes
        at $P/kubernetes.io~projected/token; at $P/kubernetes.io~csi/disk/mount; at $P/other
        code 0 $D root cleanup --json
        code 0 $D root cleanup >&2; code 0 $D root status >&2; test $(left /var/lib/kubelet) = 3";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let engine = &ran.json()["engines"][0];
    assert_eq!(engine["engine_name"], "kubelet");
    assert_eq!(engine["steps"], json!([]));
    let told = engine["told"].as_array().unwrap();
    assert_eq!(told.len(), 2, "{engine:#}");
    assert!(told[0]["what"].as_str().unwrap().contains("of a pod"));
    for words in [
        "never for a clean-up: projected volume of a pod (1), volume with data of a pod (1)",
        "csi/disk/mount",
    ] {
        assert_eq!(
            ran.stderr.matches(words).count(),
            2,
            "{words}: {}",
            ran.stderr
        );
    }
    assert!(
        !ran.stderr.contains("no engine has anything"),
        "{}",
        ran.stderr
    );
}

/// Unlike podman, buildah makes nothing in the run root; it only has a file of its own in the
/// container's directory.
#[test]
fn what_a_person_mounted_by_buildah_stays() {
    let script = format!(
        "{PODMAN} own=$G/overlay-containers/$(id b)/userdata; mkdir -p $own
        echo '{{}}' > $own/buildah.json
        $D root cleanup --dry-run >&2; $D root cleanup >&2
        test $(left $G/overlay/$(id d)/merged) = 1; test $(left $G/overlay/$(id c)/merged) = 0
        rm $own/buildah.json; $D root cleanup >&2; test $(left $G/overlay/$(id d)/merged) = 0"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let told = "asked for by a person: buildah works in its container";
    assert_eq!(ran.stderr.matches(told).count(), 2, "{}", ran.stderr);
}

#[test]
fn containers_are_named_in_the_stores_of_the_engines_that_are_found() {
    let script = format!(
        "{PODMAN}
        for flag in --keep --id; do
            code 2 $D root cleanup $flag nobody >&2; code 2 $D root cleanup $flag '' >&2
        done
        code 2 $D root cleanup --engine docker --keep web >&2; test $(left $G) = 4
        $D root cleanup --keep web --dry-run --json
        $D root cleanup --keep web >&2; test $(left $G) = 3
        $D root cleanup --engine podman --id web --json > $T/one; test $(left $G) = 1
        grep -q '\"outcome\": \"unmounted\"' $T/one; mount -t tmpfs s $G/overlay/$(id d)/merged
        mkdir -p /run/docker/runtime-runc/moby; at /var/lib/docker/containers/$(id f)/mounts/shm
        $D root cleanup --id db >&2; test $(left $G) = 1; test $(left /var/lib/docker) = 1
        $D root cleanup --keep ffff >&2; test $(left /var/lib/docker) = 1"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let plan = ran.json();
    let kept = plan["engines"][0]["kept"].as_array().unwrap();
    let layer = format!("named by --keep web (layer {})", "c".repeat(12));
    let container = format!("named by --keep web (container {})", "a".repeat(12));
    for words in [&layer, &container] {
        let is_there = |kept: &&Value| kept["evidence"] == json!(words);
        assert_eq!(kept.iter().filter(is_there).count(), 1, "{words}: {plan:#}");
    }
    for words in [
        "--keep \"nobody\" matches nothing",
        "below \"/var/lib/containers/storage\" has this id",
        "none of these engines has anything mounted here",
        "(named by --keep web (layer cccccccccccc))",
        "named by --keep ffff",
    ] {
        assert!(ran.stderr.contains(words), "no {words:?} in {}", ran.stderr);
    }
}

#[test]
fn what_builds_leave_goes_when_no_dockerd_runs_that_may_be_building() {
    let script = "R=/var/lib/docker; mkdir -p /run/docker/runtime-runc/moby
        key=gmglnjfwxuji76meo7z2sdkda; B=$R/overlay2/$key/merged; E=$R/buildkit/executor/$key/rootfs
        for one in $B $E $R/tmp/buildkit-mount42 $R/volumes/data/_data; do at $one; done
        $D root cleanup --dry-run --json
        sleep 60 > /dev/null 2>&1 & P=$!; echo -n $P > /run/docker.pid
        code 1 $D root status >&2; code 1 $D root cleanup >&2; test $(left $R) = 4
        code 1 $D report --no-probe >&2
        kill $P; wait $P || true; cd $E; sleep 60 > /dev/null 2>&1 & P=$!; cd /
        $D root cleanup >&2; test $(left $E) = 1; test $(left $B) = 0
        kill $P; wait $P || true
        $D root cleanup >&2; test $(left $R) = 1; test $(left $R/volumes) = 1";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let plan = ran.json();
    let steps = plan["steps"].as_array().unwrap();
    let rules: Vec<&str> = steps
        .iter()
        .map(|step| step["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules.len(), 3, "{plan}");
    for rule in [
        "overlay2/<key>/merged",
        "buildkit/executor/<key>/rootfs",
        "tmp/buildkit-mount<number>",
    ] {
        assert!(rules.contains(&rule), "no {rule}: {rules:?}");
    }
    for words in [
        "and may be working there",
        "live containers  0",
        "runs: pid",
    ] {
        assert!(ran.stderr.contains(words), "no {words:?} in {}", ran.stderr);
    }
}

#[test]
fn engines_go_by_the_words_that_people_use() {
    let script = "mkdir -p $G; for word in podman buildah cri-o k3s docker; do
            $D root cleanup --engine $word --dry-run >&2; done
        code 2 $D root cleanup --engine podmann";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let said = "--engine \"podmann\": unknown; known are docker, containerd, ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn containers_of_every_containerd_namespace_are_known_by_their_states() {
    // What is proved to be dead is only known in the pid namespace of the machine. There may be
    // daemons of others, so an engine is named.
    let script = "S=/run/containerd; T=$S/io.containerd.runtime.v2.task
        sleep 60 > /dev/null 2>&1 & P=$!; start=$(cut -d' ' -f22 /proc/$P/stat)
        for one in default/c1 k8s.io/c2; do at $T/$one/rootfs; mkdir -p $S/runc/$one; done
        echo \"{\\\"init_process_pid\\\":$P,\\\"init_process_start\\\":$start}\" > $S/runc/k8s.io/c2/state.json
        true & Q=$!; wait $Q
        echo \"{\\\"init_process_pid\\\":$Q,\\\"init_process_start\\\":$start}\" > $S/runc/default/c1/state.json
        echo -n $Q > $T/default/c1/init.pid; echo -n $P > $T/k8s.io/c2/init.pid
        $D root cleanup --engine containerd --dry-run --json
        $D root cleanup --engine containerd >&2; test $(left $S) = 1; kill $P; wait $P || true";
    let Some(ran) = isolated_in(in_own_mounts, script) else {
        return;
    };
    let plan = ran.json();
    let engine = &plan["engines"][0];
    assert_eq!(engine["engine_name"], "containerd");
    assert_eq!(engine["steps"].as_array().unwrap().len(), 1, "{plan}");
    let gone = engine["steps"][0]["mount_point"].as_str().unwrap();
    assert!(gone.ends_with("default/c1/rootfs"), "{gone}");
    assert!(
        engine["kept"][0]["evidence"]
            .as_str()
            .unwrap()
            .contains("runc state")
    );
}

#[test]
fn network_namespaces_go_when_nobody_is_left_in_them() {
    let script = "mkdir -p /run/docker/netns /run/netns /run/docker/runtime-runc/moby
        make() { touch $1; unshare -n sh -c \"echo ready; exec sleep 60 > /dev/null 2>&1\" > $T/ready & P=$!
            until grep -q ready $T/ready; do sleep 0.05; done
            mount --bind /proc/$P/ns/net $1; }
        make /run/docker/netns/aa; A=$P; > $T/ready; make /run/docker/netns/bb; B=$P
        touch /run/docker/netns/1-net /run/netns/mine
        mount --bind /run/docker/netns/aa /run/netns/mine
        kill $A; wait $A || true
        $D root cleanup --json
        test $(left /run/docker/netns/aa) = 0; test $(left /run/docker/netns/bb) = 1
        test $(left /run/netns/mine) = 1; kill $B; wait $B || true
        $D root cleanup >&2; test $(left /run/docker/netns) = 0; test $(left /run/netns/mine) = 1";
    let Some(ran) = isolated(script) else { return };
    let value = ran.expect(0).json();
    let kept = &value["engines"][0]["kept"];
    assert!(kept.to_string().contains("network of pid"), "{value}");
}

#[test]
fn engines_of_a_file_are_cleaned_up_like_the_others() {
    let script = "cd $T
        $D engines show nspawn > own.toml; $D engines check own.toml
        sed -i s,/run/systemd/nspawn,/srv/own,\\;s,'\"nspawn\"','\"own\"', own.toml
        mkdir -p /run/own-states; mount -t tmpfs s /srv
        at /srv/own/unix-export/box
        code 1 $D root cleanup --engine own --engine-file own.toml --json
        $D root cleanup --engine own --engine-file own.toml --none-live >&2; test $(left /srv/own) = 0
        echo 'x = 1' >> own.toml; code 1 $D engines check own.toml >&2
        code 2 $D root cleanup --engine-file own.toml";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    assert!(
        ran.stdout.contains("no faults; engines: nspawn"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("\"engine_name\": \"own\""),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("1 mount gone"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("has the unknown key \"x\""),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_list_says_how_each_engine_was_found_and_what_was_not_seen() {
    let script = "mkdir -p /srv /etc/docker /var/lib/kubelet /var/lib/docker
        $D engines list; code 0 $D engines list --json >&2
        echo '{\"data-root\": 7}' > /etc/docker/daemon.json
        code 1 $D engines list; code 2 $D root cleanup --engine podmann";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    for words in [
        "docker",
        "kubelet",
        "/var/lib/docker",
        "its usual place",
        "not seen: \"/etc/docker/daemon.json\": line 1: data-root is",
    ] {
        assert!(ran.stdout.contains(words), "no {words:?} in {}", ran.stdout);
    }
    assert!(
        ran.stderr.contains("known are docker, containerd"),
        "{}",
        ran.stderr
    );
}

#[test]
fn where_an_engine_may_hide_is_told_by_the_status_of_the_root() {
    let script = "mount -t tmpfs t /etc; mkdir /etc/containers
        echo 'x = [' > /etc/containers/storage.conf
        code=0; $D root status --json || code=$?; test $code = 1
        code=0; $D root status >&2 || code=$?; test $code = 1";
    let Some(ran) = crate::holders::isolated(script) else {
        return;
    };
    let ran = ran.expect(0);
    let unseen = ran.json()["unseen"].to_string();
    assert!(unseen.contains("storage.conf"), "{unseen}");
    let said = "an engine may be here that cannot be seen: \"/etc/containers/storage.conf\"";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
