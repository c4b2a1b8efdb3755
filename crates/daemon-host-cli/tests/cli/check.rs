//! `runtimes check` on files that somebody wrote in a hurry, or to do harm.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Ran, command, in_own_pids, run};

fn check(config: &Path, further: &[&str]) -> Ran {
    let config = config.to_str().unwrap();
    run(&[&["runtimes", "check", "--config", config], further].concat())
}

#[test]
fn says_which_keys_have_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let text = r#"{"debug": true, "mine": 1, "runtimes": {"a": {"path": "/x", "runtimeArg": ["y"]},
        "b": {"runtimeType": "io.containerd.runc.v2", "options": {"Nope": 1}}}}"#;
    fs::write(&config, text).unwrap();
    let answer = check(&config, &["--config-only", "--json"])
        .expect(0)
        .json();
    let unknown = json!([
        { "runtime": null, "key": "mine", "nearest": null },
        { "runtime": "a", "key": "runtimeArg", "nearest": "runtimeArgs" },
        { "runtime": "b", "key": "options.Nope", "nearest": null },
    ]);
    assert_eq!(answer["unknown"], unknown);
    let text = check(&config, &["--config-only"]).expect(0).stdout;
    assert!(text.contains(r#""runtimeArg" has no effect"#), "{text}");
    assert!(!text.contains("debug"), "{text}");
}

#[test]
fn an_endless_file_is_refused() {
    let ran = check(Path::new("/dev/zero"), &[]).expect(2);
    assert!(ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    let dir = tempfile::tempdir().unwrap();
    let sparse = dir.path().join("sparse");
    fs::File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    let ran = check(&sparse, &[]).expect(2);
    assert!(ran.stderr.contains("longer than"), "{}", ran.stderr);
    let fifo = dir.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let ran = check(&fifo, &[]).expect(2);
    assert!(ran.stderr.contains("is a FIFO"), "{}", ran.stderr);
}

#[test]
fn what_the_shell_pipes_in_is_read() {
    let text = br#"{"runtimes": {"a": {}}}"#;
    let args = ["runtimes", "check", "--config", "/dev/stdin"];
    let ran = crate::command::run_with(&args, text).expect(1);
    assert!(ran.stdout.contains('a'), "{}", ran.stdout);
}

/// A pipe gives its text once, and a file may change: all of an answer is of one reading.
#[test]
fn everything_in_an_answer_is_of_one_reading() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let text = json!({
        "data-root": path("data"), "exec-root": path("exec"),
        "runtimes": { "mine": { "path": "/bin/true" } }, "default-runtime": "mine",
    });
    for name in ["data", "exec"] {
        fs::create_dir(path(name)).unwrap();
    }
    let piped = |args: &[&str]| {
        let args = [args, &["--json", "--config", "/dev/stdin"]].concat();
        crate::command::run_with(&args, text.to_string().as_bytes()).json()
    };
    let report = piped(&["report", "--no-probe"]);
    assert_eq!(report["root"]["path"], path("data"));
    let runtimes = report["runtimes"].to_string();
    assert!(runtimes.contains("\"mine\""), "{report:#}");
    let plan = piped(&["root", "cleanup", "--dry-run"]);
    assert!(plan.to_string().contains(&path("data")), "{plan:#}");
}

/// Green means that the next container starts; red says exactly why not.
#[test]
fn a_runtime_that_cannot_start_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let crlf = dir.path().join("crlf");
    fs::write(&crlf, "#!/bin/sh\r\n").unwrap();
    fs::set_permissions(&crlf, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let text = json!({ "default-runtime": "gone", "runtimes": {
        "good": { "path": "/bin/true" },
        "gone": { "path": "/nope/bin" },
        "glued": { "path": "/bin/true --debug" },
        "blank": { "path": "/bin/true " },
        "home": { "path": "~/bin/youki" },
        "crlf": { "path": crlf },
        "shim": { "runtimeType": "io.containerd.nowhere.v2" },
    }});
    fs::write(&config, text.to_string()).unwrap();
    let answer = check(&config, &["--json"]).expect(1).json();
    let problems = answer["problems"].as_array().unwrap();
    let said = |name: &str| {
        let found = problems.iter().find(|problem| problem["runtime"] == name);
        let found = found.unwrap_or_else(|| panic!("{name}: {answer}"));
        assert_eq!(found["kind"], "preflight", "{found}");
        found["message"].as_str().unwrap()
    };
    for (name, why) in [
        ("gone", "no such file"),
        ("glued", "runtimeArgs"),
        ("blank", "ends in a blank"),
        ("home", "~"),
        ("crlf", "carriage return"),
        ("shim", "containerd-shim-nowhere-v2"),
    ] {
        assert!(said(name).contains(why), "{}", said(name));
    }
    assert_eq!(problems.len(), 6, "{answer}");
    check(&config, &["--config-only"]).expect(0);
    for (name, code) in [("good", 0), ("gone", 1), ("", 1), ("shim", 1)] {
        let state = dir.path().join("state").display().to_string();
        let config = config.display().to_string();
        let words = [
            "runtimes", "resolve", name, "--config", &config, "--state", &state,
        ];
        run(&words).expect(code);
    }
}

/// Whoever names no runtime gets the default, whether it has an entry, is built in, or is the type
/// of a shim.
#[test]
fn a_default_that_cannot_start_is_a_problem_without_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let path = config.to_str().unwrap();
    let other = r#""runtimes": {"other": {"path": "/bin/true"}}"#;
    let shim = format!(r#"{{"default-runtime": "io.containerd.nowhere.v2", {other}}}"#);
    for (text, name) in [
        (shim, "io.containerd.nowhere.v2"),
        (format!("{{{other}}}"), "runc"),
        ("{}".to_owned(), "runc"),
    ] {
        fs::write(&config, &text).unwrap();
        // Nothing is in this search path, runc of the machine neither.
        let ran = |args: &[&str]| {
            let mut command = command(&[args, &["--json", "--config", path]].concat());
            Ran::new(&command.env("PATH", "/nonexistent").output().unwrap())
        };
        let answer = ran(&["runtimes", "check"]).expect(1).json();
        assert_eq!(answer["problems"][0]["runtime"], name, "{answer}");
        assert_eq!(answer["problems"][0]["kind"], "preflight", "{answer}");
        let report = ran(&["report", "--no-probe"]).json();
        let findings = report["findings"].as_array().unwrap();
        let what = format!("the default runtime {name} cannot start");
        let found = findings.iter().find(|finding| finding["what"] == *what);
        // Without any configuration there may be no engine at all.
        let severity = if text == "{}" { "warning" } else { "problem" };
        assert_eq!(found.unwrap()["severity"], severity, "{report}");
    }
}

#[test]
fn what_a_probe_finds_out_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let text = r#"{"default-runtime": "good",
        "runtimes": {"good": {"path": "/bin/sh", "runtimeArgs": ["-c", "echo {}"]},
        "bad": {"path": "/bin/sh", "runtimeArgs": ["-c", "echo no such flag >&2; exit 3"]}}}"#;
    fs::write(&config, text).unwrap();
    check(&config, &[]).expect(0);
    let ran = check(&config, &["--probe"]).expect(1);
    assert!(ran.stdout.contains("no such flag"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("good"), "{}", ran.stdout);
}

/// `runtimes check`, `root status` and `report` on one file: exit codes of the first two,
/// and whether the report has a fault of the configuration.
fn answers(config: &Path) -> (i32, i32, bool) {
    let path = config.to_str().unwrap();
    let code = |args: &[&str]| run(&[args, &["--config", path]].concat()).code;
    let report = run(&["report", "--json", "--no-probe", "--config", path]).json();
    let findings = report["findings"].as_array().unwrap();
    let told = findings.iter().any(|f| f["subject"] == "configuration");
    (
        code(&["runtimes", "check"]),
        code(&["root", "status"]),
        told,
    )
}

#[test]
fn every_command_has_the_same_answer_to_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    // A default that is there on every machine.
    let default = r#""default-runtime": "t", "runtimes": {"t": {"path": "/bin/true"}}"#;
    let roots = format!(r#""data-root": {root:?}, "exec-root": {root:?}, {default}"#);
    let sound = format!("{{{roots}}}");
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(sound.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [b"\xef\xbb\xbf", sound.as_bytes()].concat();
    for text in [sound.clone().into_bytes(), marked, utf16] {
        fs::write(&config, text).unwrap();
        assert_eq!(answers(&config), (0, 0, false));
    }
    for more in [
        r#""data-root": "/b""#,
        r#""debug": 1, "debug": 1"#,
        r#""log-opts": {"a": "1", "a": "2"}"#,
        r#""default_runtime": "x""#,
        r#""runtime": {}"#,
        r#""add-runtime": "x=/y""#,
        "\"dns\": [\"x\"]",
    ] {
        fs::write(&config, format!("{{{roots}, {more}}}")).unwrap();
        assert_eq!(answers(&config), (1, 2, true), "{more}");
    }
}

#[test]
fn every_problem_of_ten_thousand_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let mut entries: serde_json::Map<_, _> = (0..10_000)
        .map(|n| {
            (
                format!("r{n:05}"),
                Value::Object(serde_json::Map::default()),
            )
        })
        .collect();
    entries.insert("sound".to_owned(), json!({ "path": "/bin/true" }));
    let text = json!({ "default-runtime": "sound", "runtimes": entries }).to_string();
    fs::write(&config, text).unwrap();
    let state = dir.path().join("scripts").display().to_string();
    let answer = check(&config, &["--json", "--state", &state])
        .expect(1)
        .json();
    let problems = answer["problems"].as_array().unwrap();
    let names: Vec<_> = problems
        .iter()
        .map(|problem| problem["runtime"].as_str())
        .collect();
    assert_eq!(names.len(), 10_000);
    assert!(names.is_sorted());
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
}

/// The memory for a file is bounded, whatever is in it.
#[test]
fn a_large_file_takes_little_memory() {
    const SIZE: usize = 15_000_000;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let many = |text: &str| vec![text; SIZE / (text.len() + 1)].join(",");
    let long = "a".repeat(SIZE);
    let name = "n".repeat(4000);
    let options: Vec<_> = (0..49_000).map(|n| format!(r#""o{n}": 1"#)).collect();
    let (options, words) = (options.join(","), vec!["1"; 99_000].join(","));
    for (what, text) in [
        ("values", format!(r#"{{"x": [{}]}}"#, many("1"))),
        ("keys", format!("{{{}}}", many(r#""key": 1"#))),
        (
            "entries",
            format!(r#"{{"runtimes": {{{}}}}}"#, many(r#""r": {}"#)),
        ),
        ("string", format!(r#"{{"x": "{long}"}}"#)),
        (
            "name",
            format!(r#"{{"runtimes": {{"{long}": {{"path": "/nope"}}}}}}"#),
        ),
        (
            "path",
            format!(r#"{{"runtimes": {{"a": {{"path": "/{long}"}}}}}}"#),
        ),
        ("default", format!(r#"{{"default-runtime": "{long}"}}"#)),
        // A long name that many keys without effect, or many problems, are told of.
        (
            "options",
            format!(
                r#"{{"runtimes": {{"{name}": {{"runtimeType": "io.containerd.runc.v2",
                    "options": {{{options}}}}}}}}}"#
            ),
        ),
        (
            "words",
            format!(r#"{{"runtimes": {{"{name}": {{"path": "/x", "runtimeArgs": [{words}]}}}}}}"#),
        ),
    ] {
        fs::write(&config, text).unwrap();
        // The limit is for what the process writes to, and holds three times the largest file.
        let script = r#"ulimit -d 73728 && exec "$D" runtimes check --config "$C""#;
        let mut command = std::process::Command::new("bash");
        let command = command.args(["-c", script]).env("C", &config);
        let command = command.env("D", env!("CARGO_BIN_EXE_daemon-host"));
        let ran = Ran::new(&command.output().unwrap());
        assert!(
            matches!(ran.code, 0 | 1),
            "{what}: {} {}",
            ran.code,
            ran.stderr
        );
    }
}

/// A dockerd that does nothing: `dockerd ARGUMENTS` starts it as `$!`.
const DOCKERD: &str = r#"
    cd "$T"
    printf '#!/bin/sh\nwhile :; do sleep 1; done\n' > dockerd
    chmod +x dockerd
    dockerd() {
        ./dockerd "$@" > /dev/null 2>&1 &
        until [ "$(cat /proc/$!/comm)" = dockerd ]; do sleep 0.01; done
    }
"#;

/// The file that a running dockerd was given is the one in use.
#[test]
fn the_file_of_a_running_daemon_is_found() {
    let script = r#"
        echo '{"runtimes": {"mine": {"path": "/nope/bin"}}}' > mine.json
        dockerd --config-file "$T/mine.json"; first=$!
        "$D" runtimes check --json; echo "code $?"
        "$D" rro --json | grep -c '"mine"'
        echo '{}' > other.json
        dockerd --config-file="$T/other.json"; second=$!
        "$D" runtimes check 2>&1; echo "code $?"
        "$D" runtimes check --config mine.json --config-only; echo "code $?"
        kill $second; wait $second
        rm mine.json
        "$D" runtimes check 2>&1; echo "code $?"
        kill $first; wait $first
    "#;
    let Some(ran) = in_own_pids(&format!("{DOCKERD}{script}")) else {
        return;
    };
    let said = &ran.stdout;
    for part in [
        "was given it",
        r#"runtime \"mine\": \"/nope/bin\": no such file"#,
        "code 1\n1\n",
        "say which one is meant with --config\ncode 2\n",
        "3 runtimes, no problems\ncode 0\n",
        "No such file or directory",
    ] {
        assert!(said.contains(part), "{part} in {said}{}", ran.stderr);
    }
    assert!(said.ends_with("code 2\n"), "{said}");
}

/// What is not known of daemons is never taken for the usual file.
#[test]
fn a_daemon_whose_file_is_not_known_is_told() {
    let script = r#"
        ask() { echo "== $1"; "$D" root status 2>&1; echo "code $?"; }
        end() { kill $!; wait $! 2> /dev/null; }
        mkdir test-root run
        echo "{\"data-root\": \"$T/test-root\", \"exec-root\": \"$T/run\"}" > b.json
        cp b.json prod
        dockerd --config-file "$T/prod"; ask other-end; end
        dockerd --config-file b.json; ask relative; end
        dockerd
        dockerd --config-file "$T/b.json"; ask beside-one-without; end
        dockerd --config-file "$T/b.json"; mount --bind run /proc/$!; ask covered
    "#;
    let Some(ran) = in_own_pids(&format!("{DOCKERD}{script}")) else {
        return;
    };
    let said = |part: &str| {
        let begin = format!("== {part}\n");
        let (_, rest) = ran.stdout.split_once(&begin).unwrap_or_else(|| {
            panic!("{part} in {}{}", ran.stdout, ran.stderr);
        });
        rest.split_once("\n== ")
            .map_or(rest, |(text, _)| text)
            .to_owned()
    };
    let text = said("other-end");
    assert!(
        text.contains("/test-root") && text.ends_with("code 0"),
        "{text}"
    );
    for (part, words) in [
        (
            "relative",
            "was given \"b.json\", and it is not known which file that is",
        ),
        (
            "beside-one-without",
            "uses \"/etc/docker/daemon.json\", and dockerd (pid ",
        ),
    ] {
        let text = said(part);
        assert!(text.contains(words) && text.contains("--config"), "{text}");
        assert!(text.ends_with("code 2"), "{text}");
    }
    let text = said("covered");
    assert!(
        text.contains("a dockerd may run here that cannot be seen"),
        "{text}"
    );
}

/// A daemon of an ordinary user reads a file below the user's home.
#[test]
fn the_file_of_an_ordinary_user_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(dir.path(), open).unwrap();
    for (place, variable) in [(".config", "HOME"), ("", "XDG_CONFIG_HOME")] {
        let home = dir.path().join(variable);
        let docker = home.join(place).join("docker");
        fs::create_dir_all(&docker).unwrap();
        let text = r#"{"runtimes": {"mine": {"path": "/nope/bin"}}}"#;
        fs::write(docker.join("daemon.json"), text).unwrap();
        let mut command = command(&["runtimes", "check", "--json"]);
        command.env_remove("XDG_CONFIG_HOME").env(variable, &home);
        if nix::unistd::geteuid().is_root() {
            std::os::unix::process::CommandExt::uid(&mut command, 65534);
        }
        let output = match command.output() {
            // The directory with the command may be closed to other users.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                support::skip::skip("the command cannot be started by an ordinary user");
                return;
            }
            output => output.unwrap(),
        };
        let answer = Ran::new(&output).expect(1).json();
        let found = answer["config_found"].as_str().unwrap();
        assert!(found.contains("this user's own"), "{answer}");
        let problems = answer["problems"].to_string();
        assert!(problems.contains("/nope/bin"), "{answer}");
    }
}
