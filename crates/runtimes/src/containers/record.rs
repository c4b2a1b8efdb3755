//! Parses the state files of runtimes.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::state::StateSource;

/// What a runtime wrote down about a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The processes that carry the container, the most important one first.
    pub(super) processes: Vec<RecordedProcess>,
    /// When it was made, in seconds since the epoch.
    pub(super) created: Option<i64>,
    /// The path of the bundle, as the writer of the state sees it.
    pub(super) bundle: Option<PathBuf>,
    /// The container's cgroups, absolute, or relative to a hierarchy.
    pub(super) cgroups: Vec<PathBuf>,
    /// Why the container may have a cgroup that is not in `cgroups`.
    pub(super) unread: Option<String>,
    /// The runtime itself says that no process is left.
    pub(super) is_stopped: bool,
}

/// A process as it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordedProcess {
    pub(super) pid: u32,
    /// In clock ticks since the boot, as in the 22nd field of `proc_pid_stat(5)`.
    pub(super) start: Option<u64>,
}

impl RecordedProcess {
    pub(super) fn new(pid: u32) -> Self {
        Self { pid, start: None }
    }
}

/// Reads the state in a container's directory: `state.json` of runc or of youki.
pub(super) fn of_directory(text: &[u8]) -> Option<(StateSource, Record)> {
    let state: Value = serde_json::from_slice(text).ok()?;
    if state.get("init_process_pid").is_some() {
        return Some((StateSource::Runc, runc(&state)));
    }
    state.get("ociVersion")?;
    state.get("status")?;
    Some((StateSource::Youki, youki(&state)))
}

/// Reads crun's `status`.
pub(super) fn of_crun(text: &[u8]) -> Option<Record> {
    let state: Value = serde_json::from_slice(text).ok()?;
    let mut record = common(&state, "bundle", "created");
    record.processes = process(state.get("pid"), state.get("process-start-time"))?;
    record.cgroups.extend(cgroup(state.get("cgroup-path")));
    Some(record)
}

/// Reads gVisor's `….state`: the sandbox carries the container, the gofer its files.
pub(super) fn of_runsc(text: &[u8]) -> Option<Record> {
    let state: Value = serde_json::from_slice(text).ok()?;
    let mut record = common(&state, "bundleDir", "createdAt");
    let sandbox = state.get("sandbox");
    for pid in [
        sandbox.and_then(|sandbox| sandbox.get("pid")),
        state.get("goferPid"),
    ] {
        record
            .processes
            .extend(process(pid, None).into_iter().flatten());
    }
    record.is_stopped = state.get("status")?.as_str()? == "stopped";
    let path = state
        .pointer("/spec/linux/cgroupsPath")
        .and_then(Value::as_str);
    record.cgroups.extend(path.map(of_specification));
    let known = record.is_stopped || !record.processes.is_empty();
    known.then_some(record)
}

impl Record {
    /// Takes the cgroup from youki's `youki_config.json`.
    pub(super) fn take_youki(&mut self, file: &Path, read: io::Result<Vec<u8>>) {
        self.take(file, read, |config| cgroup(config.get("cgroup_path")));
    }

    /// Takes the cgroup from a bundle's `config.json`.
    pub(super) fn take_bundle(&mut self, file: &Path, read: io::Result<Vec<u8>>) {
        self.take(file, read, |config| {
            let path = config.pointer("/linux/cgroupsPath")?.as_str()?;
            Some(of_specification(path)).filter(|path| is_telling(path))
        });
    }

    /// A file that is not there names no group. One that cannot be read may.
    fn take(
        &mut self,
        file: &Path,
        read: io::Result<Vec<u8>>,
        group: impl Fn(&Value) -> Option<PathBuf>,
    ) {
        let parsed = read.and_then(|text| Ok(serde_json::from_slice(&text)?));
        match parsed {
            Ok(config) => self.cgroups.extend(group(&config)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.unread = Some(format!("{}: {error}", file.display())),
        }
    }
}

fn runc(state: &Value) -> Record {
    let mut record = common(state, "bundle", "created");
    let start = state.get("init_process_start");
    record.processes = process(state.get("init_process_pid"), start).unwrap_or_default();
    if let Some(paths) = state.get("cgroup_paths").and_then(Value::as_object) {
        record
            .cgroups
            .extend(paths.values().filter_map(|path| cgroup(Some(path))));
    }
    let labels = state.pointer("/config/labels").and_then(Value::as_array);
    let bundle = labels.into_iter().flatten().find_map(|label| {
        let path = label.as_str()?.strip_prefix("bundle=")?;
        Some(PathBuf::from(path))
    });
    record.bundle = record.bundle.or(bundle);
    record
}

fn youki(state: &Value) -> Record {
    let mut record = common(state, "bundle", "created");
    record.processes = process(state.get("pid"), None).unwrap_or_default();
    let status = state.get("status").and_then(Value::as_str);
    record.is_stopped = status == Some("stopped");
    record
}

fn common(state: &Value, bundle: &str, created: &str) -> Record {
    let text = |key: &str| state.get(key).and_then(Value::as_str);
    Record {
        bundle: text(bundle).map(PathBuf::from),
        created: text(created).and_then(seconds),
        ..Record::default()
    }
}

/// `None` if there is no number. Then the file is not a state of this runtime.
fn process(pid: Option<&Value>, start: Option<&Value>) -> Option<Vec<RecordedProcess>> {
    let pid = u32::try_from(pid?.as_i64()?).unwrap_or(0);
    // A container that was never started, or that ended, has the pid 0 or −1.
    if pid == 0 {
        return Some(Vec::new());
    }
    let start = start.and_then(Value::as_u64);
    Some(vec![RecordedProcess { pid, start }])
}

fn cgroup(path: Option<&Value>) -> Option<PathBuf> {
    let path = PathBuf::from(path?.as_str()?);
    is_telling(&path).then_some(path)
}

/// The root of a hierarchy always has processes, so it proves nothing about a container.
fn is_telling(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part, std::path::Component::Normal(_)))
}

/// The cgroup that the specification's `cgroupsPath` stands for. With systemd it is
/// `slice:prefix:name`, and each dash in a slice's name is a level.
fn of_specification(path: &str) -> PathBuf {
    let mut parts = path.split(':');
    let (Some(slice), Some(prefix), Some(name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return PathBuf::from(path);
    };
    let mut full = PathBuf::new();
    let slice = if slice.is_empty() {
        "system.slice"
    } else {
        slice
    };
    let stem = slice.strip_suffix(".slice").unwrap_or(slice);
    for (end, _) in stem.match_indices('-') {
        full.push(format!("{}.slice", &stem[..end]));
    }
    full.push(format!("{stem}.slice"));
    let unit = match (name.ends_with(".slice"), prefix) {
        (true, _) => name.to_owned(),
        (false, "") => format!("{name}.scope"),
        (false, prefix) => format!("{prefix}-{name}.scope"),
    };
    full.push(unit);
    full
}

/// Seconds since the epoch of an RFC 3339 time; fractions are dropped.
fn seconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let zone = text
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let part = |range: std::ops::Range<usize>| zone.get(range)?.parse::<i64>().ok();
            let seconds = part(1..3)? * 3600 + part(4..6)? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years that begin in March: a leap day is then the last day of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-27T21:45:23.061467093Z", Some(1_795_815_923)),
            ("2026-11-27T22:45:23+01:00", Some(1_795_815_923)),
            ("2026-11-27T16:15:23-05:30", Some(1_795_815_923)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-27", None),
            ("", None),
            ("é2026-11-27T21:45:23Z", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn groups_of_systemd() {
        for (text, want) in [
            ("/docker/abc", "/docker/abc"),
            ("system.slice:docker:abc", "system.slice/docker-abc.scope"),
            ("a-b.slice:cri:x", "a.slice/a-b.slice/cri-x.scope"),
            (":docker:x", "system.slice/docker-x.scope"),
            ("a.slice::x", "a.slice/x.scope"),
        ] {
            assert_eq!(of_specification(text), PathBuf::from(want), "{text}");
        }
        assert!(!is_telling("/".as_ref()) && !is_telling("".as_ref()));
    }

    #[test]
    fn no_pid_is_no_process() {
        let state = br#"{"ociVersion": "1.0", "status": "stopped", "pid": null}"#;
        let (source, record) = of_directory(state).unwrap();
        assert_eq!(source, StateSource::Youki);
        assert!(record.is_stopped && record.processes.is_empty());
        assert!(of_crun(b"{}").is_none());
        assert!(of_directory(b"{}").is_none());
        assert!(of_runsc(br#"{"status": "running"}"#).is_none());
    }
}
