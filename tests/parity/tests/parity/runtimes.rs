//! `runtimes.json`: validation, look-up, wrapper scripts, version and features.

use std::fs;
use std::path::Path;
use std::process::Command;

use runtimes::{Config, Features, Listed, OptionValue, Runtimes, Script, TableOptions, Version};
use serde_json::{Map, Value, json};

use crate::judge::{Judge, list, text, vectors};

#[test]
fn validation() {
    let vectors = vectors("runtimes");
    let mut judge = Judge::new("runtimes_validation");
    for key in ["validation_upstream", "validation_more"] {
        for case in list(&vectors[key]) {
            let moby = match case.get("error") {
                Some(error) => error.clone(),
                None => json!("ok"),
            };
            judge.wanted(
                text(&case["id"]),
                &moby,
                case.get("want_error"),
                &found(case),
            );
        }
    }
    judge.finish();
}

/// "ok", the kind of the one problem, or the kinds of all.
fn found(case: &Value) -> Value {
    let mut file = Map::new();
    for key in ["runtimes", "default_runtime"] {
        if let Some(value) = case.get(key) {
            file.insert(key.replace('_', "-"), value.clone());
        }
    }
    if case.get("runtimes_spec").is_some() {
        let entry = json!({"path": "/bin/true", "runtimeArgs": ["x"]});
        let runtimes = Map::from_iter([("n".repeat(200), entry)]);
        file.insert("runtimes".to_owned(), Value::Object(runtimes));
    }
    let parsed = Config::inspect(Value::Object(file).to_string().as_bytes());
    let kinds: Vec<&str> = parsed
        .problems
        .iter()
        .map(|problem| problem.kind.as_str())
        .collect();
    match kinds.as_slice() {
        [] => json!("ok"),
        [kind] => json!(kind),
        kinds => json!(kinds),
    }
}

#[test]
fn the_default_of_an_empty_name() {
    let vectors = vectors("runtimes");
    let mut seen = 0;
    for case in list(&vectors["validation_more"]) {
        if let Some(resolved) = case["resolved_default"].as_str() {
            let text = format!("{{\"default-runtime\": {}}}", case["default_runtime"]);
            let config = Config::parse(text.as_bytes()).expect("a sound text").config;
            let table = Runtimes::build(&config, &TableOptions::new("/nonexistent"));
            assert_eq!(table.default_name(), resolved, "{case}");
            seen += 1;
        }
    }
    assert_eq!(seen, 1, "the vector says it once");
}

#[test]
fn names_a_shim_may_have() {
    let vectors = vectors("runtimes");
    let mut judge = Judge::new("runtimes_names");
    for case in list(&vectors["permissible_names"]) {
        let name = text(&case["name"]);
        let ours = json!(runtimes::is_permissible(name));
        judge.case(name, &case["moby"], &ours);
    }
    judge.finish();
}

#[test]
fn look_up() {
    let vectors = vectors("runtimes");
    let dir = tempfile::tempdir().expect("a directory for the scripts");
    let file = json!({"runtimes": vectors["get"]["config"]}).to_string();
    let parsed = Config::parse(file.as_bytes()).expect("a sound text");
    let table = Runtimes::build(&parsed.config, &TableOptions::new(dir.path()));
    for case in list(&vectors["get"]["cases"]) {
        let want = &case["want"];
        let resolved = table.resolve_and_publish(text(&case["name"]));
        if want["error"] == "invalid-argument" {
            let error = resolved.expect_err(text(&case["test"]));
            assert_eq!(error.kind(), "unknown-runtime", "{case}");
            continue;
        }
        let resolved = resolved.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(resolved.shim, want["shim"], "{case}");
        let options = resolved.options.map(|options| options.members());
        check_options(&options.unwrap_or_default(), want, &table, case);
        if let Some(script) = resolved.script {
            let script = fs::read_to_string(script).expect("the script is published");
            assert!(
                script.contains("'/bin/false' '--version'"),
                "{case}: {script}"
            );
        }
    }
}

/// The options as the vector gives them: an object with placeholders for what
/// the daemon fills in, or words.
fn check_options(ours: &[(&str, OptionValue<'_>)], want: &Value, table: &Runtimes, case: &Value) {
    let ours: Map<String, Value> = ours
        .iter()
        .map(|(name, value)| ((*name).to_owned(), plain(value)))
        .collect();
    let settings = table.options();
    let stock_root = json!(settings.exec_root.join("runtime-runc"));
    match &want["options"] {
        Value::Null => assert_eq!(ours, Map::new(), "{case}"),
        Value::Object(want) => {
            let mut want = want.clone();
            want.remove("kind");
            for (name, value) in &mut want {
                match (name.as_str(), value.as_str()) {
                    ("root", Some("<exec-root>/runtime-runc")) => *value = stock_root.clone(),
                    ("systemd_cgroup", Some(_)) => *value = json!(settings.systemd_cgroup),
                    ("no_pivot_root", Some(_)) => *value = json!(settings.no_pivot_root),
                    _ => {}
                }
            }
            assert_eq!(ours, want, "{case}");
        }
        words => {
            assert_eq!(ours["root"], stock_root, "{case}");
            let binary = text(&ours["binary_name"]);
            match text(words) {
                "as stock with binary_name=/bin/true" => assert_eq!(binary, "/bin/true", "{case}"),
                _ => assert!(
                    Path::new(binary).starts_with(&settings.script_dir),
                    "{case}"
                ),
            }
        }
    }
}

fn plain(value: &OptionValue<'_>) -> Value {
    match value {
        OptionValue::Bool(value) => json!(value),
        OptionValue::Number(value) => json!(value),
        OptionValue::Text(value) => json!(value.to_str().expect("UTF-8 went in")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn preflight() {
    let vectors = vectors("runtimes");
    for case in list(&vectors["get"]["preflight"]) {
        let dir = tempfile::tempdir().expect("a directory for the scripts");
        let file = json!({"runtimes": {"myruntime": case["runtime"]}}).to_string();
        let parsed = Config::parse(file.as_bytes()).expect("a sound text");
        let table = Runtimes::build(&parsed.config, &TableOptions::new(dir.path()));
        let resolved = table.resolve_and_publish("myruntime");
        match text(&case["get"]) {
            "ok" => assert!(resolved.is_ok(), "{case}: {resolved:?}"),
            _ => assert_eq!(
                resolved.expect_err("the program is missing").kind(),
                "preflight"
            ),
        }
    }
}

/// The name is the runtime's and the digest is the script's, as with moby; the
/// text is quoted, so ours differ from moby's on purpose, and `a b` from `a`, `b`.
#[test]
fn wrapper_names() {
    let vectors = vectors("runtimes");
    let mut names = Vec::new();
    for case in list(&vectors["wrappers"]) {
        let args: Vec<&str> = list(&case["args"]).iter().map(text).collect();
        let script = script(text(&case["name"]), text(&case["path"]), &args);
        assert!(
            script.file_name().starts_with(text(&case["name"])),
            "{case}"
        );
        assert!(script.file_name().len() < 255, "{case}");
        names.push(script.file_name().to_owned());
    }
    names.push(
        script("amb1", "/bin/true", &["a", "b"])
            .file_name()
            .to_owned(),
    );
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two scripts share a name");
}

fn script(name: &str, path: &str, args: &[&str]) -> Script {
    let args: Vec<_> = args.iter().map(Into::into).collect();
    Script::new(name, Path::new(path), &args).expect("a script")
}

/// What the runtime sees, through a real shell. moby's answer is in words here.
#[test]
fn wrapper_arguments_arrive_as_they_were_given() {
    let vectors = vectors("runtimes");
    let dir = tempfile::tempdir().expect("a directory for the script");
    let file = dir.path().join("script");
    // printf repeats its format for every argument: each ends in a NUL.
    let script = script("argv", "/usr/bin/printf", &["%s\\0", "own"]);
    fs::write(&file, script.text()).expect("write the script");
    for case in list(&vectors["wrapper_argv"]) {
        let given: Vec<&str> = list(&case["argv_to_wrapper"]).iter().map(text).collect();
        let output = Command::new("/bin/sh")
            .arg(&file)
            .args(&given)
            .current_dir(dir.path())
            .output()
            .expect("run the script");
        let seen = String::from_utf8(output.stdout).expect("UTF-8 went in");
        let mut seen: Vec<&str> = seen.split_terminator('\0').collect();
        seen[0] = "<args>";
        let want = case.get("want").unwrap_or(&case["runtime_sees"]);
        assert_eq!(json!(seen), *want, "{case}");
    }
}

#[test]
fn version_output() {
    let vectors = vectors("runtimes");
    let mut judge = Judge::new("runtimes_version");
    for case in list(&vectors["version_output"]["cases"]) {
        let moby = match case["error"] == true {
            true => json!("error"),
            false => json!([case["runtime"], case["version"], case["commit"]]),
        };
        let ours = match Version::parse(text(&case["out"])) {
            None => json!("error"),
            Some(version) => json!([version.runtime, version.version, version.commit]),
        };
        judge.case(&text(&case["out"]).escape_debug().to_string(), &moby, &ours);
    }
    judge.finish();
}

/// A program that prints the document and ends as the case says is asked for it.
#[test]
fn features_of_a_runtime() {
    let vectors = vectors("runtimes");
    let mut judge = Judge::new("runtimes_features");
    for case in list(&vectors["features_probe"]) {
        let mut moby = case["moby"].clone();
        if let Some(moby) = moby.as_object_mut() {
            moby.entry("rro").or_insert(json!(false));
        }
        let (stdout, exit) = (text(&case["stdout"]), &case["exit"]);
        let ours = match probed(stdout, exit) {
            Some(features) => {
                json!({"features": true, "rro": lists_rro(&features.mount_options())})
            }
            None => json!({"features": null, "rro": false}),
        };
        judge.case(&format!("{stdout} exit {exit}"), &moby, &ours);
    }
    judge.finish();
}

/// Asks a shell that runs a script, so that no file just written is executed.
fn probed(stdout: &str, exit: &Value) -> Option<Features> {
    let dir = tempfile::tempdir().expect("a directory for the program");
    let [document, script] = ["document", "script"].map(|name| dir.path().join(name));
    fs::write(&document, stdout).expect("write the document");
    let lines = format!("cat '{}'\nexit {exit}\n", document.display());
    fs::write(&script, lines).expect("write the script");
    let file = json!({"runtimes": {"r": {"path": "/bin/sh", "runtimeArgs": [script]}}});
    let parsed = Config::parse(file.to_string().as_bytes()).expect("a sound text");
    let table = Runtimes::build(&parsed.config, &TableOptions::new(dir.path())).probed();
    let runtime = table.lookup("r").expect("it is configured");
    runtime.features.document().cloned()
}

fn lists_rro(options: &Listed<'_>) -> bool {
    options.contains("rro") == Some(true)
}
