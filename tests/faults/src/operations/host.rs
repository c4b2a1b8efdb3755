//! The whole daemon: start, reload and shutdown of a host, in a world where an
//! earlier daemon was killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use daemon_host::{Host, HostBuilder, HostConfig, Participant};
use nix::mount::{MsFlags, mount};
use runtimes::{FeaturesState, Script, ScriptStore};

use crate::mounts;
use crate::operation::{Action, Operation, Stage};
use crate::operations::scripts;
use crate::operations::witness::Witness;

pub(super) static START: Daemon = Daemon { case: Case::Start };
pub(super) static RELOAD: Daemon = Daemon { case: Case::Reload };
pub(super) static SHUTDOWN: Daemon = Daemon {
    case: Case::Shutdown,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Start,
    Reload,
    Shutdown,
}

pub(super) struct Daemon {
    case: Case,
}

/// Runtimes of the configuration, and of the one after the reload.
const BEFORE: [&str; 2] = ["stays", "goes"];
const AFTER: [&str; 2] = ["stays", "comes"];
/// The runtime of a container that lives on.
const RUNTIME: &str = "live";
/// The container that lives on.
const LIVE: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
/// Mounts of the administrator, and of that container.
const KEPT: [&str; 2] = [
    "root/volumes",
    "root/overlay2/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc/merged",
];

/// Mounts of dead containers.
fn dead() -> [String; 2] {
    let id = "a".repeat(64);
    [
        format!("root/overlay2/{id}/merged"),
        format!("root/containers/{id}/mounts/shm"),
    ]
}

/// How long the thread that asks the runtimes for their features is waited for: it
/// is part of what is listed, but under a fault it may never have begun.
const ASIDE: Duration = Duration::from_millis(300);

/// Waits without a system call that would be listed.
fn wait_for_features(host: &Host) {
    let deadline = Instant::now() + ASIDE;
    let is_asked = |host: &Host| {
        let snapshot = host.snapshot();
        let mut rows = snapshot.runtimes.iter();
        rows.all(|row| row.features != FeaturesState::NotProbed)
    };
    while !is_asked(host) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}

fn config(dir: &Path, names: &[&str]) -> HostConfig {
    let mut config = HostConfig::default();
    config.data_root = dir.join("root");
    config.exec_root = dir.join("run/exec");
    config.runtimes = scripts::config(names);
    config
}

fn state(dir: &Path) -> PathBuf {
    config(dir, &[]).script_dir()
}

fn all(names: &[&str]) -> anyhow::Result<Vec<Script>> {
    names.iter().map(|name| scripts::script(name)).collect()
}

fn builder(dir: &Path, names: &[&str]) -> anyhow::Result<HostBuilder> {
    let script = state(dir).join(scripts::script(RUNTIME)?.file_name());
    Ok(Host::builder(config(dir, names))
        .live_container(LIVE)
        .script_in_use(script))
}

/// Starts, and accepts nothing less than a start without a blemish.
fn start(dir: &Path, names: &[&str]) -> anyhow::Result<Host> {
    let host = builder(dir, names)?.start()?;
    if !host.start_report().is_clean() {
        bail!("start: {}", host.start_report());
    }
    Ok(host)
}

fn make_mount(dir: &Path, place: &str) -> anyhow::Result<()> {
    let point = dir.join(place);
    fs::create_dir_all(&point).context("mount point")?;
    mount(
        Some("shm"),
        &point,
        Some("tmpfs"),
        MsFlags::empty(),
        None::<&str>,
    )
    .context("a mount")
}

impl Operation for Daemon {
    fn name(&self) -> &'static str {
        match self.case {
            Case::Start => "host-start",
            Case::Reload => "host-reload",
            Case::Shutdown => "host-shutdown",
        }
    }

    fn about(&self) -> &'static str {
        match self.case {
            Case::Start => {
                "starts a host where an earlier daemon was killed and a container lives on"
            }
            Case::Reload => {
                "reloads a host, with a participant: one runtime stays, one goes, one comes"
            }
            Case::Shutdown => "shuts a host down, with a dead container's mounts to sweep",
        }
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        for place in KEPT {
            make_mount(dir, place)?;
        }
        fs::write(dir.join(KEPT[0]).join("data"), "precious").context("data on the disk")?;
        // A source that knows containers, and knows none that lives.
        let states = dir.join("run/exec/runtime-runc/moby");
        fs::create_dir_all(states).context("a directory of states")?;
        let store = ScriptStore::open(&state(dir))?;
        store.publish(&all(&[RUNTIME, "dead"])?)?;
        drop(store);
        fs::write(state(dir).join(".tmp-1-1"), "#!").context("what a crash left")?;
        if self.case == Case::Start {
            dead().iter().try_for_each(|place| make_mount(dir, place))
        } else {
            Ok(())
        }
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let mut act = Act {
            case: self.case,
            dir: dir.to_path_buf(),
            host: None,
            witness: Arc::default(),
        };
        if self.case != Case::Start {
            let builder = builder(dir, &BEFORE)?
                .participant(Arc::clone(&act.witness) as Arc<dyn Participant>);
            act.host = Some(builder.start()?);
        }
        if self.case == Case::Shutdown {
            dead().iter().try_for_each(|place| make_mount(dir, place))?;
        }
        Ok(Box::new(act))
    }

    /// A life of the daemon, after which only what lives on is there.
    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        let host = start(dir, &AFTER)?;
        let left = points(dir)?;
        ensure!(left.contains("root"), "the root is not prepared: {left:?}");
        ensure!(
            !dead().iter().any(|place| left.contains(place)),
            "dead containers' mounts stay: {left:?}"
        );
        ensure!(
            fs::metadata(dir.join("run/exec/unmount-on-shutdown")).is_ok(),
            "the root has no record"
        );
        let report = host.shutdown([LIVE])?;
        ensure!(
            report.is_clean(),
            "shutdown with a live container: {report}"
        );
        Ok(())
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let listing = scripts::list(&state(dir))?;
        let mut wrong = listing.torn(&state(dir), None);
        wrong.extend(listing.missing(&all(&[RUNTIME])?));
        let mut expected = all(&[RUNTIME])?;
        match (self.case, stage) {
            (_, Stage::Recovered) => expected.extend(all(&AFTER)?),
            (Case::Reload, Stage::Done) => expected.extend(all(&["stays", "goes", "comes"])?),
            (Case::Reload, _) => expected.extend(all(&BEFORE)?),
            (Case::Start, Stage::Done) => expected.extend(all(&BEFORE)?),
            _ => {}
        }
        let strict = stage == Stage::Recovered || stage == Stage::Done && self.case == Case::Start;
        if strict || self.case == Case::Reload {
            wrong.extend(listing.missing(&expected));
        }
        // A sweep at start that may not be sure removes nothing, and the next one does.
        if stage == Stage::Recovered || self.case == Case::Reload && stage != Stage::Crashed {
            wrong.extend(listing.beyond(&expected));
        }
        wrong.extend(self.check_mounts(dir, stage)?);
        Ok(wrong)
    }
}

impl Daemon {
    fn check_mounts(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let left = points(dir)?;
        // Nobody told the shutdown that the container lives on.
        let kept = if self.case == Case::Shutdown {
            &KEPT[..1]
        } else {
            &KEPT[..]
        };
        let gone = kept.iter().filter(|place| !left.contains(**place));
        let mut wrong: Vec<String> = gone
            .map(|place| format!("{place} was unmounted, and is in use"))
            .collect();
        let known = |place: &&String| {
            KEPT.contains(&place.as_str()) || place.as_str() == "root" || dead().contains(place)
        };
        wrong.extend(
            left.iter()
                .filter(|place| !known(place))
                .map(|place| format!("{place} is mounted")),
        );
        if stage == Stage::Done || stage == Stage::Recovered {
            wrong.extend(
                dead()
                    .iter()
                    .filter(|place| left.contains(*place))
                    .map(|place| format!("{place} is still mounted")),
            );
        }
        let bound = match (self.case, stage) {
            (Case::Shutdown, Stage::Done) => Some(false),
            (Case::Shutdown, _) => None,
            (_, Stage::Done | Stage::Recovered) | (Case::Reload, _) => Some(true),
            _ => None,
        };
        if bound.is_some_and(|bound| bound != left.contains("root")) {
            wrong.push(format!("mounts are {left:?}"));
        }
        // A shutdown that is cut short may hide the disk until the next start.
        let settled = stage == Stage::Done || stage == Stage::Recovered;
        if (settled || self.case != Case::Shutdown) && !dir.join(KEPT[0]).join("data").exists() {
            wrong.push("the administrator's disk below the root is hidden".to_owned());
        }
        Ok(wrong)
    }
}

/// Where something is mounted, relative to the world.
fn points(dir: &Path) -> anyhow::Result<BTreeSet<String>> {
    Ok(mounts::points(dir, &mounts::below(dir)?)
        .into_iter()
        .collect())
}

struct Act {
    case: Case,
    dir: PathBuf,
    host: Option<Host>,
    witness: Arc<Witness>,
}

impl Action for Act {
    fn run(&mut self) -> anyhow::Result<()> {
        match (self.case, &self.host) {
            (Case::Reload, Some(host)) => {
                host.reload(config(&self.dir, &AFTER))?;
            }
            (Case::Shutdown, Some(host)) => {
                let report = host.shutdown([] as [&str; 0])?;
                ensure!(report.is_clean(), "shutdown: {report}");
            }
            _ => {
                let host = builder(&self.dir, &BEFORE)?.start()?;
                let report = host.start_report().to_string();
                let clean = host.start_report().is_clean();
                self.host = Some(host);
                ensure!(clean, "start: {report}");
            }
        }
        if self.case != Case::Shutdown {
            self.host.iter().for_each(wait_for_features);
        }
        Ok(())
    }

    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        match (self.case, &self.host) {
            (Case::Start, None) if points(&self.dir)?.contains("root") => {
                wrong.push("the start failed, and the root is mounted".to_owned());
            }
            (Case::Start, None) if again => {
                drop(start(&self.dir, &BEFORE).context("a second start")?);
            }
            (Case::Reload, Some(host)) => {
                let names = if result.is_ok() { AFTER } else { BEFORE };
                wrong.extend(differs("the snapshot", host, &names));
                // The start gave it the first configuration.
                wrong.extend(self.witness.differs(1 + isize::from(result.is_ok())));
                if result.is_err() && again {
                    host.reload(config(&self.dir, &AFTER))
                        .context("a second reload")?;
                    wrong.extend(differs("the snapshot of a second reload", host, &AFTER));
                }
            }
            _ => {}
        }
        Ok(wrong)
    }
}

fn differs(what: &str, host: &Host, names: &[&str]) -> Option<String> {
    let snapshot = host.snapshot();
    let found: BTreeSet<&str> = snapshot
        .runtimes
        .iter()
        .filter(|row| !row.stock)
        .map(|row| row.name.as_str())
        .collect();
    let configured: BTreeSet<&str> = snapshot
        .config
        .runtimes
        .config()
        .runtimes
        .keys()
        .map(String::as_str)
        .collect();
    let expected: BTreeSet<&str> = names.iter().copied().collect();
    (found != expected || configured != expected)
        .then(|| format!("{what} has {found:?}, its configuration {configured:?}"))
}
