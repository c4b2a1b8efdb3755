//! runtimes: the configuration, the table, the scripts.

use std::ffi::OsString;
use std::hint::black_box;
use std::path::Path;

use runtimes::{Checked, Config, Features, Runtimes, Script, TableOptions};

use crate::case::{Case, Work};

const RUNTIMES: usize = 100;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::cold("parse daemon.json", parse),
        Case::warm("build the runtime table", table),
        Case::cold("render scripts", scripts),
        Case::cold("parse a features document", features),
    ]
}

/// Half of them programs with arguments, which get a script; the others bare.
fn text() -> String {
    let entry = |n: usize| match n % 2 {
        0 => format!(r#""runtime-{n}": {{"path": "/opt/runtime-{n}/bin/run"}}"#),
        _ => format!(
            r#""runtime-{n}": {{"path": "/opt/runtime-{n}/bin/run", "runtimeArgs": ["--debug", "--log", "/var/log/run {n}.log"]}}"#
        ),
    };
    let entries: Vec<String> = (0..RUNTIMES).map(entry).collect();
    format!(
        r#"{{"default-runtime": "runtime-1", "runtimes": {{{}}}}}"#,
        entries.join(", ")
    )
}

fn config() -> Checked {
    Config::parse(text().as_bytes())
        .expect("a sound text")
        .config
}

fn parse() -> Work {
    let text = text();
    Box::new(move || {
        black_box(Config::parse(black_box(text.as_bytes()))).expect("a sound text");
    })
}

fn table() -> Work {
    let (config, settings) = (config(), TableOptions::new("/scripts"));
    Box::new(move || {
        black_box(Runtimes::build(black_box(&config), &settings));
    })
}

/// Text and name of each; the name is a digest of the text.
fn scripts() -> Work {
    let arguments: Vec<OsString> = ["--debug", "--log", "/var/log/run 1.log", "it's"]
        .map(OsString::from)
        .to_vec();
    let names: Vec<String> = (0..RUNTIMES).map(|n| format!("runtime-{n}")).collect();
    Box::new(move || {
        for name in &names {
            let path = Path::new("/opt/runtime/bin/run");
            black_box(Script::new(name, path, black_box(&arguments)).expect("a plain name"));
        }
    })
}

fn features() -> Work {
    let names: Vec<String> = (0..200).map(|n| format!("\"option-{n}\"")).collect();
    let text = format!(
        r#"{{"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.0", "mountOptions": [{}, "rro"],
            "linux": {{"namespaces": ["mount", "network"], "capabilities": ["CAP_CHOWN"]}},
            "annotations": {{"org.opencontainers.runc.version": "1.2.3"}}}}"#,
        names.join(", ")
    );
    Box::new(move || {
        let features = Features::parse(black_box(text.as_bytes())).expect("a document");
        assert_eq!(features.mount_options().contains("rro"), Some(true));
        black_box(features);
    })
}
