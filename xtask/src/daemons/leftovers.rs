//! What a killed dockerd leaves, our clean-up of it, and dockerd's own as the oracle.

use super::stage::{Stage, inside, table, until};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A way to set dockerd up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// `/etc/docker/daemon.json`.
    config: &'static str,
    /// Whether the data root's mount is shared, as under systemd.
    shared: bool,
    /// Below `/var/lib/docker`, where dockerd puts all of it.
    below: &'static str,
}

impl Scenario {
    /// Whether the dockerd of this tree can be set up so.
    pub(crate) fn runs_on(&self, tree: &str) -> bool {
        tree != "bookworm" || self.name != "containerd-store"
    }
}

/// The scenarios, by name.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "overlay2",
        config: r#"{"storage-driver":"overlay2"}"#,
        shared: true,
        below: "",
    },
    Scenario {
        name: "private-root",
        config: r#"{"storage-driver":"overlay2"}"#,
        shared: false,
        below: "",
    },
    Scenario {
        name: "containerd-store",
        config: r#"{"features":{"containerd-snapshotter":true}}"#,
        shared: true,
        below: "",
    },
    Scenario {
        name: "user-namespaces",
        config: r#"{"storage-driver":"overlay2","userns-remap":"remap"}"#,
        shared: true,
        below: "100000.100000",
    },
];

const DATA: &str = "/var/lib/docker";
const EXEC: &str = "/run/docker";
const CONTAINERS: usize = 2;

/// One scenario from start to end.
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) stage: Stage,
    /// Control group of its containers.
    pub(crate) group: String,
}

impl Run {
    /// Runs it; gives one line for the summary.
    pub(crate) fn run(&self) -> Result<String> {
        self.prepare()?;
        let version = self.start()?;
        self.containers()?;
        let foreign = self.foreign_mounts()?;
        inside::kill_all()?;
        let left = self.below()?;
        ensure!(
            left.daemons.len() >= CONTAINERS,
            "dockerd left only {:?}",
            left.daemons
        );
        for point in &foreign {
            let is_there = left.others.iter().any(|(_, other)| other == point);
            ensure!(is_there, "{} is no foreign mount", point.display());
        }
        self.clean_up()?;
        let after = self.below()?;
        ensure!(
            after.daemons.is_empty(),
            "left after our clean-up: {:?}",
            after.daemons
        );
        ensure!(
            after.others == left.others,
            "of {:?} our clean-up left {:?}",
            left.others,
            after.others
        );
        self.containers_start_again()?;
        let verdict = self.compare_with_restart(&after)?;
        Ok(format!(
            "dockerd {version}: {} leftovers ({}) removed, {} foreign mounts kept, {verdict}",
            left.daemons.len(),
            self.kinds(&left.daemons),
            foreign.len()
        ))
    }

    /// dockerd finds its containers as it left them, and they start.
    fn containers_start_again(&self) -> Result<()> {
        self.start()?;
        let ids = docker_words(&self.stage, &["ps", "-aq"])?;
        ensure!(
            ids.len() == CONTAINERS,
            "after our clean-up dockerd knows {ids:?}"
        );
        for id in &ids {
            docker_words(&self.stage, &["start", id])?;
        }
        Ok(())
    }

    /// The oracle: what a restart of dockerd alone makes of the same leftovers.
    fn compare_with_restart(&self, ours: &Below) -> Result<String> {
        inside::kill_all()?;
        let left = self.below()?.daemons.len();
        ensure!(left >= CONTAINERS, "a second kill left {left} mounts");
        self.start()?;
        let theirs = self.below()?;
        let (ours, theirs) = (ours.points(), theirs.points());
        let short = |point: &PathBuf| short(&self.data(), point);
        let lost: Vec<_> = ours.difference(&theirs).map(short).collect();
        ensure!(
            lost.is_empty(),
            "dockerd itself removes more than we: {lost:?}"
        );
        let kept: BTreeSet<_> = theirs.difference(&ours).map(short).collect();
        inside::kill_all()?;
        self.clean_up()?;
        Ok(if kept.is_empty() {
            "as dockerd's restart does".to_owned()
        } else {
            let kept: Vec<_> = kept.into_iter().collect();
            format!("where dockerd's restart leaves {}", kept.join(" "))
        })
    }

    fn prepare(&self) -> Result<()> {
        self.stage
            .write("/etc/docker/daemon.json", self.scenario.config)?;
        let data = Path::new(DATA);
        inside::on("tmpfs", data, "mode=711,size=1g")?;
        if self.scenario.shared {
            inside::share(data)?;
        }
        let mut archive = tar::Builder::new(std::fs::File::create("/tmp/image.tar")?);
        archive
            .append_path_with_name("/usr/bin/busybox", "bin/busybox")
            .context("packing busybox")?;
        archive.finish().context("packing the image")
    }

    /// Starts dockerd and waits until it answers with its version.
    fn start(&self) -> Result<String> {
        for stale in ["/run/docker.pid", "/run/docker/containerd/containerd.pid"] {
            // dockerd would take a process of the same number for itself.
            let _ = std::fs::remove_file(stale);
        }
        let dockerd = self.stage.start(
            "/usr/sbin/dockerd",
            &[
                "--iptables=false",
                "--ip6tables=false",
                "--bridge=none",
                // Ours to remove afterwards, and no other dockerd's.
                &format!("--cgroup-parent=/{}", self.group),
            ],
        )?;
        let mut version = String::new();
        let ready = until("dockerd to answer", Duration::from_secs(60), || {
            let answer = docker_words(&self.stage, &["version", "--format", "{{.Server.Version}}"]);
            version = answer.map(|words| words.join(" ")).unwrap_or_default();
            !version.is_empty()
        });
        ready.with_context(|| format!("its log ends: {}", inside::tail(&dockerd.said())))?;
        Ok(version)
    }

    fn containers(&self) -> Result<()> {
        let import = ["import", "/tmp/image.tar", "busybox:test"];
        docker_words(&self.stage, &import)?;
        for _ in 0..CONTAINERS {
            let run = [
                "run",
                "-d",
                "--network",
                "none",
                "--ipc",
                "shareable",
                "busybox:test",
                "/bin/busybox",
                "sleep",
                "1000",
            ];
            docker_words(&self.stage, &run)?;
        }
        Ok(())
    }

    /// Mounts of others below the data root, named so that a careless pattern takes them.
    fn foreign_mounts(&self) -> Result<Vec<PathBuf>> {
        let data = self.data();
        let points = vec![
            data.join("volumes/backup/_data"),
            data.join("overlay2/not-an-id/merged"),
            data.join("containers/backup/mounts/shm"),
        ];
        for point in &points {
            inside::on("tmpfs", point, "")?;
        }
        Ok(points)
    }

    /// Our clean-up, which must say that it went well.
    fn clean_up(&self) -> Result<()> {
        let mut command = self.stage.tool();
        command
            .args(["root", "cleanup", "--json", "--data-root"])
            .arg(self.data());
        command.arg("--exec-root").arg(EXEC);
        let text = inside::output(&mut command)?;
        let _: serde_json::Value =
            serde_json::from_str(&text).context("daemon-host root cleanup --json")?;
        Ok(())
    }

    fn data(&self) -> PathBuf {
        Path::new(DATA).join(self.scenario.below)
    }

    fn below(&self) -> Result<Below> {
        let data = self.data();
        let mounts = table::mounts_below(&data)?.into_iter();
        let (daemons, others) = mounts
            .filter(|(_, point)| *point != data)
            .partition(|(_, point)| is_daemons(&data, point));
        Ok(Below { daemons, others })
    }

    /// What sort of mounts these are, each once.
    fn kinds(&self, mounts: &[(u64, PathBuf)]) -> String {
        let names = mounts.iter().map(|(_, point)| short(&self.data(), point));
        names
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Mounts below the data root, by id and mount point.
struct Below {
    daemons: Vec<(u64, PathBuf)>,
    others: Vec<(u64, PathBuf)>,
}

impl Below {
    fn points(&self) -> BTreeSet<PathBuf> {
        self.daemons
            .iter()
            .chain(&self.others)
            .map(|(_, point)| point.clone())
            .collect()
    }
}

/// Written apart from rootmount's rules on purpose.
fn is_daemons(data: &Path, point: &Path) -> bool {
    let Ok(rest) = point.strip_prefix(data) else {
        return false;
    };
    let parts: Vec<&str> = rest.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        ["overlay2", id, "merged"] | ["containers", id, "mounts", _] | ["rootfs", _, id] => {
            is_id(id)
        }
        _ => false,
    }
}

/// Without the data root, and without the ids that differ each time.
fn short(data: &Path, point: &Path) -> String {
    let rest = point.strip_prefix(data).unwrap_or(point).iter();
    let plain = rest.map(|part| part.to_string_lossy());
    let parts = plain.map(|part| if is_id(&part) { "<id>".into() } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn is_id(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn docker_words(stage: &Stage, arguments: &[&str]) -> Result<Vec<String>> {
    let text = inside::output(stage.command("/usr/bin/docker").args(arguments))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// The scenario of this name.
pub(crate) fn scenario(name: &str) -> Result<Scenario> {
    match SCENARIOS.iter().find(|scenario| scenario.name == name) {
        Some(scenario) => Ok(*scenario),
        None => bail!("no scenario {name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dockers_own_mounts_are_its_own() {
        let data = Path::new("/d");
        let id = "0123456789abcdef".repeat(4);
        for ours in [
            "overlay2/<id>/merged",
            "containers/<id>/mounts/shm",
            "rootfs/overlayfs/<id>",
        ] {
            let point = data.join(ours.replace("<id>", &id));
            assert!(is_daemons(data, &point), "{ours}");
            assert_eq!(short(data, &point), ours);
        }
        for other in [
            "overlay2/not-an-id/merged",
            "overlay2/<id>",
            "volumes/<id>/_data",
        ] {
            assert!(
                !is_daemons(data, &data.join(other.replace("<id>", &id))),
                "{other}"
            );
        }
        assert!(!is_daemons(
            data,
            Path::new("/elsewhere/overlay2")
                .join(&id)
                .join("merged")
                .as_path()
        ));
    }

    #[test]
    fn scenarios_have_names() {
        assert!(scenario("overlay2").is_ok());
        assert!(scenario("zfs").is_err());
    }
}
