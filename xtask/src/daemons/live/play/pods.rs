//! The volumes of a pod, mounted as the kubelet mounts them, and its container in containerd: no
//! clean-up takes a volume, whatever was killed, because only Kubernetes knows which pods live.

use super::container::{Container, table};
use super::{check, product};
use crate::daemons::live::engines::containerd::Containerd;
use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::stage::table::{Row, rows_below};
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result, ensure};
use std::path::Path;

const KUBELET: &str = "/var/lib/kubelet";
const POD: &str = "pods/3c5b1c54-7d10-4d0a-9d5c-0b1f7e6f9a11";
const GLOBAL: &str = "plugins/kubernetes.io/csi/example.org/0f1e2d3c/globalmount";
const CONTAINER: &str = "k8s.io/runc-pod";

/// File systems that the kubelet makes in memory.
const IN_MEMORY: &[&str] = &[
    "volumes/kubernetes.io~projected/kube-api-access-x2k9d",
    "volumes/kubernetes.io~secret/certificate",
    "volumes/kubernetes.io~empty-dir/cache",
];

/// Runs it; gives one line for the summary.
pub(crate) fn run(mut containerd: Containerd<'_>, stage: &Stage) -> Result<String> {
    let volumes = mount_volumes(stage)?;
    let binds = IN_MEMORY.iter().zip(["token", "certificate", "cache"]);
    containerd.binds = binds
        .map(|(volume, name)| (format!("{KUBELET}/{POD}/{volume}"), format!("/{name}.d")))
        .collect();
    let version = containerd.start()?;
    let mut scene = Scene {
        containers: vec![Container::start(&containerd, CONTAINER, Part::Plain)?],
        containerd,
        stage,
        volumes,
    };
    scene.stays("the pod lives")?;
    scene.containerd.kill()?;
    scene.stays("the engine was killed")?;
    inside::kill_all()?;
    scene
        .containers
        .iter_mut()
        .for_each(|one| one.lives = false);
    scene.stays("all killed")?;
    scene.containerd.start()?;
    for container in &mut scene.containers {
        let others = table(&scene.containerd)?;
        scene.containerd.start_again(&container.name)?;
        container.look_again(&scene.containerd, &others)?;
    }
    scene.stays("started again")?;
    Ok(format!(
        "{version}: {} volumes of a pod stay in four clean-ups, its dead container goes",
        scene.volumes.len()
    ))
}

struct Scene<'a> {
    containerd: Containerd<'a>,
    stage: &'a Stage,
    containers: Vec<Container>,
    volumes: Vec<Row>,
}

impl Scene<'_> {
    /// After a clean-up of all engines that are found, each volume is there, and the container
    /// reads what it has.
    fn stays(&self, when: &str) -> Result<()> {
        let report = product::clean_up_found(self.stage, &[])?.to_string();
        let left = rows_below(Path::new(KUBELET))?;
        for volume in &self.volumes {
            let point = volume.point.display();
            ensure!(
                left.contains(volume),
                "HARMED: {when}: {point} was unmounted: {report}"
            );
        }
        check::all(&self.containerd, &self.containers)
            .with_context(|| format!("{when}, after {report}"))?;
        if self.containers.iter().all(|one| one.lives) && self.containerd.answers() {
            let read = "read -r line < /token.d/token && test \"$line\" = secret";
            inside::output(&mut self.containerd.exec(CONTAINER, read))
                .with_context(|| format!("HARMED: {when}: it cannot read its volume"))?;
        }
        Ok(())
    }
}

/// Mounts them in the kubelet's order: what is in memory, then a volume of a storage driver, once
/// for the node and bound into the pod, and a part of it.
fn mount_volumes(stage: &Stage) -> Result<Vec<Row>> {
    let kubelet = Path::new(KUBELET);
    let pod = kubelet.join(POD);
    for volume in IN_MEMORY {
        inside::on("tmpfs", &pod.join(volume), "size=1m")?;
    }
    let token = pod.join(IN_MEMORY[0]).join("token");
    std::fs::write(&token, "secret\n").context("the token")?;
    inside::on("tmpfs", &kubelet.join(GLOBAL), "")?;
    let part = kubelet.join(GLOBAL).join("logs");
    std::fs::create_dir_all(&part).context("a part of the volume")?;
    bind(
        stage,
        &kubelet.join(GLOBAL),
        &pod.join("volumes/kubernetes.io~csi/pvc-1/mount"),
    )?;
    bind(stage, &part, &pod.join("volume-subpaths/pvc-1/app/0"))?;
    let rows = rows_below(kubelet)?;
    ensure!(rows.len() == IN_MEMORY.len() + 3, "mounted were {rows:?}");
    Ok(rows)
}

fn bind(stage: &Stage, from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    let mut command = stage.command("/usr/bin/busybox");
    inside::output(command.args(["mount", "--bind"]).args([from, to])).map(drop)
}
