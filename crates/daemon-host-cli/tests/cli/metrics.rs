//! The report as OpenMetrics, read by a strict parser.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{MetricNumber, OpenMetricsType, OpenMetricsValue};

use crate::command::{command, run};

/// Samples of each family, by name.
type Families = BTreeMap<String, usize>;

/// Parses strictly; every family must be a gauge with help and whole numbers.
#[track_caller]
fn parse(text: &str) -> Families {
    let exposition = parse_openmetrics(text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let families = exposition.families.values().map(|family| {
        assert_eq!(family.family_type, OpenMetricsType::Gauge, "{text}");
        assert!(!family.help.is_empty(), "{text}");
        for sample in family.iter_samples() {
            let OpenMetricsValue::Gauge(MetricNumber::Int(value)) = sample.value else {
                panic!("{:?} in {text}", sample.value)
            };
            assert!(value >= 0);
        }
        (family.family_name.clone(), family.iter_samples().count())
    });
    families.collect()
}

fn report(dir: &Path, config: &Path, output: Option<&Path>) -> Vec<String> {
    let mut args = ["report", "--no-probe", "--format", "openmetrics"]
        .map(str::to_owned)
        .to_vec();
    for (option, path) in [
        ("--data-root", Some(dir)),
        ("--config", Some(config)),
        ("--output", output),
    ] {
        if let Some(path) = path {
            args.extend([option.to_owned(), path.to_str().unwrap().to_owned()]);
        }
    }
    args
}

#[test]
fn a_strict_parser_reads_it_with_awkward_labels() {
    let temp = tempfile::tempdir().unwrap();
    // What a label has to escape, and what it need not.
    let root = temp.path().join("a \"b\" \\c é{x=1}\nd");
    fs::create_dir(&root).unwrap();
    let config = temp.path().join("daemon.json");
    // A source that knows containers, so that their number is one.
    let exec = temp.path().join("exec");
    fs::create_dir_all(exec.join("runtime-runc/moby")).unwrap();
    let text = r#"{"runtimes": {"a\"b\\ \n": {"path": "/bin/true"}, "": {}}, "exec-root": EXEC}"#;
    fs::write(&config, text.replace("EXEC", &format!("{exec:?}"))).unwrap();
    let args = report(&root, &config, None);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = run(&args).expect(1);
    let families = parse(&ran.stdout);
    for name in [
        "kernel_info",
        "findings",
        "mounts",
        "mounts_malformed",
        "root_leftover_mounts",
        "root_live_containers",
        "root_unknown_mounts",
        "root_owned",
        "resolv_conf_info",
        "link_addresses",
        "recursive_read_only_kernel",
        "recursive_read_only_runtime",
        "runtime_problems",
    ] {
        let name = format!("daemon_host_{name}");
        assert!(
            families.get(&name).is_some_and(|count| *count > 0),
            "{name}: {families:?}"
        );
    }
    assert_eq!(
        families["daemon_host_findings"], 14,
        "every subject, found or not"
    );
    assert!(ran.stdout.contains(r#"root="#), "{}", ran.stdout);
    assert!(
        ran.stdout.contains(r#"a \"b\" \\c é{x=1}\nd"#),
        "{}",
        ran.stdout
    );
}

/// What a probe finds out about a runtime is there for a whole fleet to see.
#[test]
fn what_is_wrong_with_a_runtime_is_a_sample() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let program = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let broken = program("broken", "#!/bin/sh\necho 'no \"luck\"' >&2\nexit 3\n");
    let killed = program("killed", "#!/bin/sh\nkill -SEGV $$\n");
    let sound = program("sound", "#!/bin/sh\necho '{\"mountOptions\":[\"rro\"]}'\n");
    let config = dir.join("daemon.json");
    let text = format!(
        r#"{{"runtimes": {{"broken": {{"path": {broken:?}}}, "killed": {{"path": {killed:?}}},
            "sound": {{"path": {sound:?}}}, "gone": {{"path": "/nope/bin"}}}}}}"#
    );
    fs::write(&config, text).unwrap();
    let args = report(dir, &config, None);
    let args = args.iter().filter(|arg| *arg != "--no-probe");
    let args: Vec<&str> = args.map(String::as_str).collect();
    let ran = run(&args).expect(1);
    parse(&ran.stdout);
    let samples = ran.stdout.lines();
    let samples = samples.filter(|line| line.starts_with("daemon_host_runtime_fault{"));
    let samples: Vec<&str> = samples.collect();
    let of = |name: &str| {
        let label = format!("runtime=\"{name}\"");
        samples.iter().find(|line| line.contains(&label))
    };
    let broken = of("broken").expect("a fault");
    assert!(broken.contains(r#"kind="probe""#), "{broken}");
    assert!(
        broken.contains("exit status: 3: no \\\"luck\\\""),
        "{broken}"
    );
    assert!(of("killed").expect("a fault").contains("signal: 11"));
    let gone = of("gone").expect("a fault");
    assert!(
        gone.contains("/nope/bin") && !gone.contains(r#"kind="probe""#),
        "{gone}"
    );
    assert!(gone.contains(r#"remedy="install it, or"#), "{gone}");
    assert!(broken.contains(r#"remedy="run it by hand"#), "{broken}");
    assert_eq!(of("sound"), None);
}

/// The default is judged alike by everyone who tells of runtimes, also if it is built in.
#[test]
fn a_default_that_cannot_start_is_a_sample() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let config = dir.join("daemon.json");
    for (text, name) in [
        (r#"{"runtimes": {"other": {"path": "/bin/true"}}}"#, "runc"),
        (
            r#"{"default-runtime": "io.containerd.nowhere.v2"}"#,
            "io.containerd.nowhere.v2",
        ),
        (
            r#"{"default-runtime": "a", "runtimes": {"a": {"path": "/nope"}}}"#,
            "a",
        ),
    ] {
        fs::write(&config, text).unwrap();
        let args = report(dir, &config, None);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        // Nothing is in this search path, runc of the machine neither.
        let mut command = command(&args);
        let output = command.env("PATH", "/nonexistent").output().unwrap();
        let ran = crate::command::Ran::new(&output).expect(1);
        parse(&ran.stdout);
        let samples = ran.stdout.lines();
        let samples = samples.filter(|line| line.starts_with("daemon_host_runtime_fault{"));
        let samples: Vec<&str> = samples.collect();
        let label = format!(r#"runtime="{name}",kind="preflight",default="yes""#);
        assert_eq!(samples.len(), 1, "{samples:?}");
        assert!(samples[0].contains(&label), "{samples:?}");
    }
}

#[test]
fn the_parser_is_strict() {
    let good = "# TYPE a gauge\n# HELP a A.\na{x=\"1\"} 1\n# EOF\n";
    assert_eq!(parse(good).len(), 1);
    for bad in [
        good.replace("# EOF\n", ""),
        good.replace("# EOF", "a{x=\"1\"} 2\n# EOF"),
        good.replace("x=\"1\"", "x=\"1\n\""),
        good.replace("x=", "1x="),
        format!("{good}\n"),
    ] {
        assert!(parse_openmetrics(&bad).is_err(), "{bad}");
    }
}

/// The file at any moment is a whole one, though the writers are killed.
#[test]
fn a_killed_report_leaves_the_old_file_or_the_new() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let (config, output) = (dir.join("daemon.json"), dir.join("metrics/d.prom"));
    fs::create_dir(dir.join("metrics")).unwrap();
    fs::write(&config, "{}").unwrap();
    let args = report(dir, &config, Some(&output));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run(&args).expect(0);
    let mut moment = 7_u64;
    for _ in 0..40 {
        let mut child = command(&args).stdout(Stdio::null()).spawn().unwrap();
        // Spread over the few milliseconds that a report takes, the same in every run.
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_micros(moment >> 51));
        child.kill().unwrap();
        child.wait().unwrap();
        parse(&fs::read_to_string(&output).unwrap());
    }
    assert!(
        fs::read_dir(dir.join("metrics")).unwrap().count() <= 2,
        "one temporary file at most"
    );
    run(&args).expect(0);
    assert_eq!(fs::read_dir(dir.join("metrics")).unwrap().count(), 1);
}
