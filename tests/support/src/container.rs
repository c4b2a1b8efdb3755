//! Real containers to start: a bundle around the busybox root in `/rootfs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where the lane lists the runtimes: a file for each Debian release.
pub const RUNTIMES: &str = "/vm/runtimes";

/// A real OCI runtime of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// `runc` or `crun`.
    pub name: String,
    /// A word for messages and file names: `runc-trixie`.
    pub label: String,
    /// The program, with a loader and libraries of its own beside it.
    pub program: PathBuf,
    /// The version of its package.
    pub version: String,
}

/// Every runtime of the guest, by label.
///
/// # Panics
/// If there is none, as outside a test VM.
#[track_caller]
#[must_use]
pub fn runtimes() -> Vec<Runtime> {
    let lists = Path::new(RUNTIMES).read_dir();
    let lists = lists.unwrap_or_else(|error| panic!("{RUNTIMES}: {error}"));
    let mut all: Vec<Runtime> = lists
        .flatten()
        .map(|list| std::fs::read_to_string(list.path()).expect("a list of runtimes"))
        .flat_map(|text| text.lines().filter_map(runtime).collect::<Vec<_>>())
        .collect();
    all.sort_by(|a, b| a.label.cmp(&b.label));
    assert!(!all.is_empty(), "no runtime in {RUNTIMES}");
    all
}

/// `/oci/trixie/runc`, a tab, `1.1.15+ds1-2`.
fn runtime(line: &str) -> Option<Runtime> {
    let (path, version) = line.split_once('\t')?;
    let program = PathBuf::from(path);
    let name = program.file_name()?.to_str()?.to_owned();
    let release = program.parent()?.file_name()?.to_str()?.to_owned();
    Some(Runtime {
        label: format!("{name}-{release}"),
        name,
        program,
        version: version.to_owned(),
    })
}

/// A mount for a container: destination, source, options.
pub type Bind<'a> = (&'a str, &'a Path, &'a [&'a str]);

/// Writes an OCI bundle that runs `words`; gives its directory.
///
/// # Panics
/// If it cannot.
#[track_caller]
#[must_use]
pub fn bundle(directory: &Path, words: &[&str], binds: &[Bind<'_>]) -> PathBuf {
    std::fs::create_dir_all(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let text = config(words, binds);
    std::fs::write(directory.join("config.json"), text).expect("the directory was just made");
    directory.to_owned()
}

/// Runs a program to its end.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn run(program: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// The same for one that has to succeed; gives what it wrote.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn succeed(program: &Path, words: &[&str]) -> String {
    let output = run(program, words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{} {words:?}: {}: {said}",
        program.display(),
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts a container that goes on by itself.
///
/// # Panics
/// If it does not start.
#[track_caller]
pub fn start(program: &Path, bundle: &Path, id: &str) {
    // A pipe would be held open by the container.
    let log = bundle.join("start.log");
    let file = std::fs::File::create(&log).expect("the bundle can be written");
    let status = Command::new(program)
        .args(["run", "--detach", "--bundle"])
        .arg(bundle)
        .arg(id)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status();
    let said = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{} run: {said}",
        program.display()
    );
}

fn config(words: &[&str], binds: &[Bind<'_>]) -> String {
    let list = |words: &[&str]| {
        words
            .iter()
            .map(|word| quote(word))
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut mounts = vec![
        r#"{"destination":"/proc","type":"proc","source":"proc"}"#.to_owned(),
        // runc before 1.1 looks for control groups when it enters a container.
        r#"{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}"#.to_owned(),
        // Runtimes make links in /dev, which would stay in the root that all containers share.
        r#"{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]}"#
            .to_owned(),
    ];
    for (destination, source, options) in binds {
        mounts.push(format!(
            r#"{{"destination":{},"type":"bind","source":{},"options":[{}]}}"#,
            quote(destination),
            quote(&source.display().to_string()),
            list(options)
        ));
    }
    format!(
        r#"{{"ociVersion":"1.0.2","process":{{"terminal":false,"user":{{"uid":0,"gid":0}},"args":[{}],"env":["PATH=/bin"],"cwd":"/"}},"root":{{"path":"/rootfs","readonly":true}},"mounts":[{}],"linux":{{"namespaces":[{{"type":"pid"}},{{"type":"mount"}},{{"type":"ipc"}},{{"type":"uts"}}]}}}}"#,
        list(words),
        mounts.join(",")
    )
}

fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list() {
        let found = runtime("/oci/trixie/runc\t1.1.15+ds1-2").unwrap();
        assert_eq!(found.label, "runc-trixie");
        assert_eq!(found.program, Path::new("/oci/trixie/runc"));
        assert_eq!(
            (found.name.as_str(), found.version.as_str()),
            ("runc", "1.1.15+ds1-2")
        );
        assert_eq!(runtime("/oci/trixie/runc"), None);
    }

    #[test]
    fn words_are_quoted() {
        let text = config(
            &["echo", "a \"b\" \\ c\n"],
            &[("/d", Path::new("/s"), &["rbind", "rro"])],
        );
        assert!(
            text.contains(r#""args":["echo","a \"b\" \\ c\n"]"#),
            "{text}"
        );
        assert!(
            text.contains(r#""source":"/s","options":["rbind","rro"]"#),
            "{text}"
        );
    }
}
