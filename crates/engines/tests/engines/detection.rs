//! Detection on machines made of directories: their files, their `/proc`, their mount table.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use engines::{DetectOptions, Detection, FoundEngine, GivenConfig, Proc, detect};
use rootmount::MountTable;

struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().expect("the fixture is made"));
        host.file("proc/net/unix", "");
        host.directory("proc/7777/ns");
        symlink("7777", host.path("proc/self")).expect("the fixture is made");
        symlink("mnt:[1]", host.path("proc/self/ns/mnt")).expect("the fixture is made");
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn directory(&self, path: &str) {
        fs::create_dir_all(self.path(path)).expect("the fixture is made");
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("the fixture is made"))
            .expect("the fixture is made");
        fs::write(path, text).expect("the fixture is made");
    }

    fn process(&self, pid: u32, arguments: &str, namespace: u32) {
        let name = arguments.split(' ').next().expect("the fixture is made");
        let name = name.rsplit('/').next().expect("the fixture is made");
        self.file(&format!("proc/{pid}/comm"), &format!("{name}\n"));
        self.file(
            &format!("proc/{pid}/cmdline"),
            &arguments.replace(' ', "\0"),
        );
        self.directory(&format!("proc/{pid}/ns"));
        let link = self.path(&format!("proc/{pid}/ns/mnt"));
        symlink(format!("mnt:[{namespace}]"), link).expect("the fixture is made");
    }

    fn listens(&self, path: &str) {
        let line = format!(
            "0: 00000002 00000000 00010000 0001 01 7 {}\n",
            self.path(path).display()
        );
        self.file("proc/net/unix", &line);
    }

    fn found(&self) -> Detection {
        self.found_by(&MountTable::from_bytes(""))
    }

    fn found_by(&self, table: &MountTable) -> Detection {
        let mut options = DetectOptions::new();
        options.root = self.0.path().to_owned();
        options.proc = Proc::unchecked(self.path("proc"));
        detect(table, &options)
    }

    /// The roots of an engine, below the host, each with why it was found.
    #[track_caller]
    fn roots(&self, engine: &FoundEngine) -> Vec<(String, String, String)> {
        let root = |found: &engines::FoundRoot| {
            let path = found
                .path
                .strip_prefix(self.0.path())
                .unwrap_or(&found.path);
            let path = path.to_str().expect("the fixture is made").to_owned();
            (found.root.clone(), path, found.because.join("; "))
        };
        engine.roots.iter().map(root).collect()
    }
}

fn names(found: &Detection) -> Vec<(&str, &str)> {
    let engines = found.engines.iter();
    engines
        .map(|found| (found.engine.name.as_str(), found.place.as_str()))
        .collect()
}

fn root(name: &str, path: &str, why: &str) -> (String, String, String) {
    (name.to_owned(), path.to_owned(), why.to_owned())
}

#[test]
fn a_machine_without_engines_has_none() {
    let host = Host::new();
    // CNI's directory and that of ip netns are no sign of an engine.
    host.directory("run/netns");
    assert_eq!(host.found(), Detection::default());
}

#[test]
fn directories_alone_are_a_sign_also_those_of_remapped_users() {
    let host = Host::new();
    host.directory("var/lib/docker/100000.100000");
    host.directory("var/lib/docker/overlay2");
    host.directory("run/containerd/runc/k8s.io");
    host.directory("run/containerd/io.containerd.runtime.v2.task/k8s.io");
    host.directory("var/lib/containers/storage");
    let found = host.found();
    assert_eq!(found.unread, []);
    assert_eq!(
        names(&found),
        [
            ("docker", "system"),
            ("containerd", "system"),
            ("containers-storage", "system")
        ]
    );
    let docker = &found.engines[0];
    assert_eq!(
        host.roots(docker),
        [
            root(
                "data",
                "var/lib/docker/100000.100000",
                "users are remapped there"
            ),
            root("data", "var/lib/docker", "its usual place"),
        ]
    );
    assert!(
        docker
            .states
            .contains(&host.path("run/docker/runtime-runc/moby"))
    );
    assert!(!docker.is_running());
    let containerd = &found.engines[1];
    assert_eq!(containerd.states, [host.path("run/containerd/runc/k8s.io")]);
    let bundles = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
    assert_eq!(containerd.bundles, [host.path(bundles)]);
}

#[test]
fn configuration_files_move_roots() {
    let host = Host::new();
    let graph = "[storage]\ndriver = \"overlay\"\ngraphroot = \"/srv/graph\"\n";
    host.file("etc/containers/storage.conf", graph);
    host.file(
        "etc/containerd/config.toml",
        "version = 2\nroot = '/srv/containerd'\n",
    );
    host.file("etc/rancher/k3s/config.yaml", "data-dir: /srv/k3s\n");
    host.file(
        "etc/docker/daemon.json",
        "{\"data-root\": \"/srv/docker\", \"exec-root\": \"/run/d\"}",
    );
    for directory in [
        "srv/graph",
        "srv/containerd",
        "srv/k3s/agent/containerd",
        "srv/docker",
    ] {
        host.directory(directory);
    }
    let found = host.found();
    assert_eq!(found.unread, []);
    let all: Vec<_> = found
        .engines
        .iter()
        .flat_map(|engine| host.roots(engine))
        .collect();
    assert_eq!(
        all,
        [
            root("data", "srv/docker", "data-root in /etc/docker/daemon.json"),
            root(
                "data",
                "srv/containerd",
                "root in /etc/containerd/config.toml"
            ),
            root(
                "data",
                "srv/k3s/agent/containerd",
                "data-dir in /etc/rancher/k3s/config.yaml"
            ),
            root(
                "graph",
                "srv/graph",
                "storage.graphroot in /etc/containers/storage.conf"
            ),
        ]
    );
    assert_eq!(
        found.engines[0].states[0],
        host.path("run/d/runtime-runc/moby")
    );
}

#[test]
fn a_configuration_that_cannot_be_understood_is_named() {
    for (text, why) in [
        ("{\"data-root\": \"/a\",}", "line 1: key must be a string"),
        (
            "{\"data-root\": \"/a\",\n\"data-root\": \"/b\"}",
            "line 2: the key \"data-root\" stands twice",
        ),
        ("\u{feff}{}", "line 1: it begins with a byte order mark"),
        (
            "{\"data-root\": [\"/a\"]}",
            "line 1: data-root is a list, not a text",
        ),
        (
            "{\"data-root\": \"a\"}",
            "line 1: data-root is not an absolute path",
        ),
    ] {
        let host = Host::new();
        host.file("etc/docker/daemon.json", text);
        let found = host.found();
        assert_eq!(found.unread.len(), 1, "{text}: {found:?}");
        assert_eq!(found.unread[0].path, host.path("etc/docker/daemon.json"));
        assert!(found.unread[0].why.starts_with(why), "{}", found.unread[0]);
    }
    let host = Host::new();
    host.file("etc/docker/daemon.json", " \n");
    assert_eq!(host.found().unread, []);
}

#[test]
fn running_daemons_tell_where_they_are() {
    let host = Host::new();
    host.directory("var/lib/docker");
    host.directory("srv/one");
    host.directory("srv/two");
    host.file(
        "etc/two.json",
        "{\"data-root\": \"/srv/two\", \"exec-root\": \"/run/two\"}",
    );
    host.process(7, "/usr/bin/dockerd -H fd:// --data-root=/srv/one", 1);
    host.process(8, "dockerd --config-file /etc/two.json", 1);
    host.process(9, "dockerd-proxy --data-root /srv/three", 1);
    host.listens("run/docker.sock");
    let found = host.found();
    assert_eq!(names(&found), [("docker", "system"), ("docker", "running")]);
    let [one, two] = &found.engines[..] else {
        unreachable!()
    };
    assert_eq!(
        host.roots(one),
        [
            root("data", "var/lib/docker", "its usual place"),
            root("data", "srv/one", "--data-root of dockerd (pid 7)"),
        ]
    );
    assert_eq!(one.daemons[0].pid, 7);
    assert_eq!(one.sockets, [host.path("run/docker.sock")]);
    assert_eq!(
        host.roots(two),
        [root("data", "srv/two", "data-root in /etc/two.json")]
    );
    assert_eq!(two.states[0], host.path("run/two/runtime-runc/moby"));
}

#[test]
fn a_configuration_that_cannot_be_found_is_said_and_not_taken_for_the_usual_one() {
    let host = Host::new();
    host.directory("srv/two");
    host.file("etc/prod", "{\"data-root\": \"/srv/two\"}");
    host.process(7, "dockerd --config-file b.json", 1);
    let found = host.found();
    let given = &found.engines[0].daemons[0].config;
    assert_eq!(*given, GivenConfig::Unclear("b.json".to_owned()));
    let [unread] = &found.unread[..] else {
        panic!("{found:?}")
    };
    assert_eq!(unread.path, Path::new("b.json"));
    assert!(unread.why.starts_with("dockerd (pid 7) was given it"));
    host.process(8, "dockerd --config-file /etc/prod", 1);
    let found = host.found();
    let data = root("data", "srv/two", "data-root in /etc/prod");
    assert_eq!(host.roots(&found.engines[0]), [data]);
}

#[test]
fn processes_that_cannot_be_seen_are_named_apart() {
    let host = Host::new();
    host.directory("var/lib/docker");
    host.process(7, "dockerd", 1);
    let row = |options: &str| {
        let proc = host.path("proc");
        let row = format!("1 0 0:1 / {} rw - proc proc rw{options}\n", proc.display());
        MountTable::from_bytes(row)
    };
    let hides = |options: &str| {
        let found = host.found_by(&row(options));
        assert_eq!(found.unread, found.unread_processes);
        found.unread.iter().any(|one| one.why.contains("hidepid"))
    };
    assert!(hides(",hidepid=invisible"));
    assert!(hides(",hidepid=2"));
    assert!(!hides(""));
    host.process(1, "init", 1);
    assert!(!hides(",hidepid=invisible"), "we see the processes of root");
    // A link to itself stands for a file that cannot be read.
    fs::remove_file(host.path("proc/7/comm")).expect("it is there");
    symlink("comm", host.path("proc/7/comm")).expect("writable");
    let found = host.found();
    assert_eq!(found.unread_processes.len(), 1, "{found:?}");
    assert_eq!(found.unread, found.unread_processes);
}

#[test]
fn an_engine_in_another_mount_namespace_is_named_with_it() {
    let host = Host::new();
    host.process(7, "dockerd --data-root /srv/one", 44);
    host.process(8, "containerd --root /srv/c --state /run/c", 44);
    let found = host.found();
    assert_eq!(
        names(&found),
        [("docker", "running"), ("containerd", "running")]
    );
    let docker = &found.engines[0];
    assert_eq!(docker.namespace, Some(44));
    assert_eq!(docker.daemons[0].pid, 7);
    assert_eq!(docker.root("data").unwrap().path, Path::new("/srv/one"));
    assert_eq!(docker.root("exec").unwrap().path, Path::new("/run/docker"));
    assert_eq!(
        found.engines[1].root("state").unwrap().path,
        Path::new("/run/c")
    );
}

#[test]
fn podmans_monitors_tell_of_its_roots() {
    let host = Host::new();
    host.directory("srv/graph");
    let arguments = "conmon -c ab -b /srv/graph/x --exit-command /usr/bin/podman \
        --exit-command-arg --root --exit-command-arg /srv/graph";
    host.process(7, arguments, 1);
    let found = host.found();
    assert_eq!(names(&found), [("containers-storage", "system")]);
    let roots = host.roots(&found.engines[0]);
    assert_eq!(
        roots,
        [root("graph", "srv/graph", "--root of conmon (pid 7)")]
    );
}

#[test]
fn users_have_engines_of_their_own() {
    let host = Host::new();
    host.directory("home/op/.local/share/containers/storage");
    host.directory("home/other");
    let own =
        fs::metadata(host.path("home/op")).map(|own| std::os::unix::fs::MetadataExt::uid(&own));
    let found = host.found();
    assert_eq!(names(&found), [("containers-storage", "user")]);
    let engine = &found.engines[0];
    assert_eq!(engine.user, Some(own.unwrap()));
    let crun = format!("run/user/{}/crun", engine.user.unwrap());
    assert!(
        engine.states.contains(&host.path(&crun)),
        "{:?}",
        engine.states
    );
}

#[test]
fn nothing_is_looked_at_where_a_server_may_not_answer() {
    let host = Host::new();
    host.directory("home/op/.local/share/docker");
    host.directory("var/lib/docker");
    let home = host.path("home");
    let table = format!(
        "1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / {} rw - nfs4 s:/h rw\n",
        home.display()
    );
    let found = host.found_by(&MountTable::from_bytes(table));
    assert_eq!(names(&found), [("docker", "system")]);
    assert_eq!(found.unread.len(), 1);
    assert_eq!(found.unread[0].path, home);
    assert_eq!(
        found.unread[0].why,
        "nfs4 is mounted there and may not answer"
    );
}

#[test]
fn pipes_in_the_place_of_files_are_not_waited_for() {
    let host = Host::new();
    host.directory("etc/docker");
    let pipe = host.path("etc/docker/daemon.json");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let found = host.found();
    assert_eq!(found.unread[0].why, "it is not a regular file");
}
