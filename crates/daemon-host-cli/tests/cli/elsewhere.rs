//! In another mount namespace by `--pid`, and on the host of a container by `--host-root`: on real
//! namespaces and a real container.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::namespace::output;

use crate::command::{Ran, SPACE, WITHOUT_PROCFS};

/// A data root with a mount of a dead container `a`, and one on which a process lives, `b`.
const LEFTOVERS: &str = "
    leftovers() {
      mount -t tmpfs v /var/lib; mkdir -p /var/lib/docker /run/docker/runtime-runc/moby
      for c in $(id a) $(id b); do
        mkdir -p $(shm $c); mount -t tmpfs s $(shm $c)
      done
      (cd $(shm $(id b)); exec sleep 60 > /dev/null 2>&1) & }
    id() { printf \"$1%.0s\" $(seq 64); }
    shm() { echo /var/lib/docker/containers/$1/mounts/shm; }
    code() { want=$1; shift; got=0; \"$@\" || got=$?; test $got = $want; }
    left() { grep -c \" /var/lib/docker/\" ${1:-/proc/self/mountinfo} || true; }
    ";

fn isolated(script: &str) -> Option<Ran> {
    let place = tempfile::tempdir().unwrap();
    let prologue = "set -e; mount -t proc proc /proc; export T D
        mount -t tmpfs t $T; mount -t tmpfs r /run";
    // In a pid namespace, which ends with all processes that the script has started.
    let mut command = Command::new("unshare");
    command
        .args(["-m", "-p", "-f", "--kill-child", "bash", "-c"])
        .arg(format!("{WITHOUT_PROCFS}{prologue}{LEFTOVERS}{script}"))
        .env("D", env!("CARGO_BIN_EXE_daemon-host"))
        .env("LIBRARIES", libraries())
        .env("T", place.path());
    output(SPACE, &mut command).map(|output| Ran::new(&output))
}

/// Where the loader and the libraries lie, if not where every root directory has them: the command
/// may be of another processor than the machine, as this test is then.
pub(crate) fn libraries() -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let files = maps
        .split_ascii_whitespace()
        .filter(|word| word.contains(".so"));
    let directories: BTreeSet<&Path> = files.filter_map(|file| Path::new(file).parent()).collect();
    let is_usual =
        |directory: &&&Path| directory.starts_with("/usr") || directory.starts_with("/lib");
    let others = directories.iter().filter(|directory| !is_usual(directory));
    let others: Vec<String> = others
        .map(|directory| directory.display().to_string())
        .collect();
    others.join(" ")
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// Starts an engine in a mount namespace of its own, with leftovers there.
fn engine(extra: &str) -> String {
    format!(
        "cp /bin/sleep $T/dockerd
        declare -f leftovers id shm > $T/words
        unshare -m {extra} bash -ec '. $T/words; leftovers; echo ready > $T/ready
            exec $T/dockerd 60 > /dev/null 2>&1' &
        U=$!; until test -s $T/ready; do sleep 0.05; done; sleep 0.1
        P=$(pgrep -n -x dockerd)
        "
    )
}

#[test]
fn an_engine_in_another_namespace_is_named_looked_at_and_cleaned_up_there() {
    let script = format!(
        "{}mount -t tmpfs v /var/lib; mkdir -p $(shm $(id c)); mount -t tmpfs s $(shm $(id c))
        $D root status --none-live >&2 || true; $D report --no-probe >&2 || true
        code 1 $D root status --pid $P >&2
        code 1 $D root status --pid $P --json
        $D root cleanup --pid $P --dry-run >&2; test $(left /proc/$P/mountinfo) = 2
        $D root cleanup --pid $P --settle 0 >&2; test $(left /proc/$P/mountinfo) = 1
        test $(left) = 1
        code 1 $D mounts holders --pid $P $(shm $(id b)) >&2
        code 1 $D mounts safe-to-remove --pid $P /var/lib/docker >&2
        $D root prepare --pid $P >&2; grep -q ' /var/lib/docker ' /proc/$P/mountinfo
        code 1 grep -q ' /var/lib/docker ' /proc/self/mountinfo
        $D root release --pid $P >&2; code 1 grep -q ' /var/lib/docker ' /proc/$P/mountinfo
        code 2 $D root status --pid 4194304 >&2",
        engine("")
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let status = ran.json();
    assert_eq!(status["leftovers"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(status["kept"][0]["life"], "lives", "{status}");
    let words = [
        "is in a mount namespace of its own (mnt:[",
        ": use --pid ",
        "look there with: daemon-host root status --pid ",
        "see daemon-host root cleanup --pid ",
        "1 mount to unmount below /var/lib/docker",
        "1 mount gone",
        "runs: pid",
        "no process 4194304",
    ];
    says(&ran.stderr, &words);
}

#[test]
fn a_process_with_other_pids_is_refused() {
    let script = format!(
        "{}code 2 $D root cleanup --pid $P; test $(left /proc/$P/mountinfo) = 2",
        engine("-p -f --kill-child")
    );
    let Some(ran) = isolated(&script) else { return };
    let words = ["in a pid namespace of its own", "nsenter -t"];
    says(&ran.expect(0).stderr, &words);
}

/// An ordinary user cannot ask about process 1, and is told what to do all the same.
#[test]
fn an_ordinary_user_is_told_how_to_look_into_a_container() {
    let place = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path(), open).unwrap();
    let own = place.path().join("d");
    std::fs::copy(env!("CARGO_BIN_EXE_daemon-host"), &own).unwrap();
    let script = "unshare -Urpmf --kill-child --mount-proc sleep 60 > /dev/null 2>&1 & U=$!
        for i in $(seq 300); do
            P=$(pgrep -P $U -x sleep) && break; kill -0 $U || exit 77; sleep 0.1; done
        $D mounts holders --pid $P /; code=$?; kill $U; exit $code";
    let mut command = match nix::unistd::geteuid().is_root() {
        false => Command::new("bash"),
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--clear-groups", "bash"]);
            command
        }
    };
    let output = command.args(["-c", script]).env("D", &own).output();
    let ran = match output {
        Ok(output) => Ran::new(&output),
        Err(error) => return support::skip::skip(&format!("setpriv: {error}")),
    };
    match ran.code {
        77 => return support::skip::skip("an ordinary user gets no user namespace"),
        // The directory with its loader may be closed to other users.
        126 => return support::skip::skip("the command cannot be started by an ordinary user"),
        _ => {}
    }
    let words = ["in a pid namespace of its own", "nsenter -t"];
    says(&ran.expect(2).stderr, &words);
}

/// Runs a script in a container whose host, with its `/` at `/host`, is a pid namespace of its own.
fn contained(extra: &str, script: &str) -> Option<Ran> {
    isolated(&format!(
        "declare -f leftovers id shm code left > $T/words
        cat > $T/inside <<'END'
            set -e; . $T/words; cd $T/c; pivot_root . old
            mount -t proc proc /proc; umount -l /old; D=/daemon-host; H='--host-root /host'
            {script}
END
        cat > $T/host <<'END'
            set -e; . $T/words; leftovers; C=$T/c
            mkdir -p $C/host $C/proc $C/old $C/usr $C/etc $C/dev $C/tmp; mount --bind $C $C
            for d in usr etc dev; do mount --rbind /$d $C/$d; done
            for d in bin sbin lib lib64; do
              if test -h /$d; then cp -a /$d $C/; elif test -e /$d; then
                mkdir $C/$d; mount --rbind /$d $C/$d; fi
            done
            for d in $LIBRARIES; do mkdir -p $C$d; mount --bind $d $C$d; done
            cp $D $C/daemon-host; mount --rbind / $C/host; mount --make-rslave $C/host
            unshare -m {extra} --propagation slave bash $T/inside
            echo \"$(left) left\" >&2
END
        bash $T/host"
    ))
}

/// What is right with and without the pid namespace of the host.
const ON_THE_HOST: &str = "
    code 1 $D root cleanup >&2; code 1 $D root cleanup --json >&2
    $D report --no-probe --json > /tmp/report || true; cat /tmp/report
    $D report --no-probe >&2 || true
    $D root status >&2
    code 1 $D root status $H >&2
    $D mounts list $H --under /host/var/lib/docker >&2
    $D root cleanup $H $SURE --dry-run --data-root /host/var/lib/docker >&2
    $D root cleanup $H $SURE >&2
    code 2 $D root status --host-root /tmp >&2; code 2 $D demo $H >&2
    ";

const SAID: [&str; 8] = [
    "nothing was done: this is a container",
    "\"refused\"",
    "This is a container, not the host: ",
    "name it with --host-root",
    "leftovers        1; see daemon-host root cleanup --host-root /host --dry-run",
    "1 mount gone below /var/lib/docker",
    "/tmp/proc\" does not exist",
    "1 left",
];

#[test]
fn a_node_agent_with_the_pids_of_its_host_looks_and_acts_there() {
    let Some(ran) = contained("", ON_THE_HOST) else {
        return;
    };
    let ran = ran.expect(0);
    says(&ran.stderr, &SAID);
    let report: Value = ran.json();
    let why = report["place"]["container"].as_str().unwrap();
    assert_eq!(why, "process 1 has another root directory");
}

#[test]
fn a_node_agent_with_pids_of_its_own_needs_the_procfs_of_the_host() {
    // Whether processes outside of the host's pid namespace have its mounts too cannot always be
    // told. So the caller says that nothing lives, and what does live stays all the same.
    let script = format!(
        "SURE=--none-live; {ON_THE_HOST} $D root cleanup --host-root / >&2
        mount -t proc proc /host/proc; code 2 $D root cleanup $H >&2"
    );
    let Some(ran) = contained("-p -f", &script) else {
        return;
    };
    let ran = ran.expect(0);
    says(&ran.stderr, &SAID[..4]);
    says(&ran.stderr, &SAID[5..]);
    let words = [
        "no engine has anything mounted here",
        "it is not the root directory of process 1 in \"/host/proc\"",
        "--pid host -v /:/host:rslave",
    ];
    says(&ran.stderr, &words);
    let report: Value = ran.json();
    let why = report["place"]["container"].as_str().unwrap();
    says(why, &["a pid namespace of its own"]);
}

/// The manifest of a node agent that the repository ships.
const MANIFEST: &str = include_str!("../../../../packaging/kubernetes/daemon-host.yaml");

#[test]
fn the_line_of_the_manifest_works_with_the_capabilities_of_the_manifest() {
    if !support::skip::unless_runs("setpriv", &["--version"]) {
        return;
    }
    let line = |begin: &str| {
        let mut lines = MANIFEST.lines().map(str::trim);
        let found = lines.find_map(|line| line.strip_prefix(begin));
        found.unwrap_or_else(|| panic!("no {begin}"))
    };
    let arguments = line("daemon-host ");
    let capabilities = line("add: [").trim_end_matches(']').to_lowercase();
    let capabilities = capabilities.replace(['"', ' '], "").replace(',', ",+");
    for promised in ["hostPID: true", "mountPropagation: HostToContainer"] {
        assert!(MANIFEST.contains(promised), "no {promised}");
    }
    let script = format!(
        "mkdir -p /host/var/lib/prometheus/node-exporter
        setpriv --bounding-set=-all,+{capabilities} --inh-caps=-all $D {arguments} >&2
        cat /host/var/lib/prometheus/node-exporter/daemon_host.prom"
    );
    let Some(ran) = contained("", &script) else {
        return;
    };
    let words = ["daemon_host_kernel_info", "daemon_host_findings", "# EOF"];
    says(&ran.expect(0).stdout, &words);
}
