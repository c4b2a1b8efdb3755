//! A real systemd-resolved against our selection of resolv.conf.

use super::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const UPLINK: &str = "/run/systemd/resolve/resolv.conf";
const ETC: &str = "/etc/resolv.conf";
const STUB: &str = "../run/systemd/resolve/stub-resolv.conf";
const DIRECT: &str = "../run/systemd/resolve/resolv.conf";
const STATIC: &str = "../usr/lib/systemd/resolv.conf";
const PROGRAM: &str = "/usr/lib/systemd/systemd-resolved";

/// Runs it; gives one line for the summary.
pub(crate) fn run(stage: &Stage) -> Result<String> {
    let etc = Path::new(ETC);
    let _ = std::fs::remove_file(etc);
    symlink(STUB, etc).context("linking /etc/resolv.conf")?;

    let resolved = start(stage, "192.0.2.53")?;
    let (path, reason) = select(stage)?;
    ensure!(
        Path::new(&path) == Path::new(UPLINK),
        "with resolved running, {path} is selected: {reason}"
    );
    let served = rendered(stage)?;
    ensure!(
        served == ["192.0.2.53"],
        "the container would get {served:?}"
    );
    let watch = watch(stage)?;
    hears(&watch, "192.0.2.53")?;

    // Another network: the file is replaced, and the answer with it.
    resolved.kill()?;
    let _resolved = start(stage, "2001:db8::53")?;
    hears(&watch, "2001:db8::53")?;
    ensure!(
        select(stage)?.0 == path,
        "after a restart another file is selected"
    );
    let served = rendered(stage)?;
    ensure!(
        served == ["2001:db8::53"],
        "after a restart the container would get {served:?}"
    );

    switches(stage, &watch)?;
    inside::kill_all()?;
    let version =
        inside::output(stage.command("/usr/bin/resolvectl").arg("--version")).unwrap_or_default();
    let version = version.split_whitespace().nth(1).unwrap_or("?").to_owned();
    Ok(format!(
        "systemd-resolved {version}: uplink file selected ({reason}), watched over a restart, an admin's own file, its edit and end, and all of resolved's links"
    ))
}

/// What an admin does to /etc/resolv.conf while resolved runs: each step is selected and heard of.
fn switches(stage: &Stage, watch: &Started) -> Result<()> {
    let etc = Path::new(ETC);
    // The admin's own file wins over a running resolved; then it is edited in place, and goes.
    replace(|new| std::fs::write(new, "nameserver 198.51.100.1\n"))?;
    hears(watch, "198.51.100.1")?;
    selects(stage, "foreign", etc)?;
    std::fs::write(etc, "nameserver 198.51.100.2\n").context("editing /etc/resolv.conf")?;
    hears(watch, "198.51.100.2")?;
    std::fs::remove_file(etc).context("removing /etc/resolv.conf")?;
    hears(watch, r#""reason":"missing""#)?;

    // It returns as each of the links that resolved's manual knows.
    for (link, mode, chosen) in [
        (STATIC, "static", Path::new(UPLINK)),
        (DIRECT, "uplink", etc),
        (STUB, "stub", Path::new(UPLINK)),
    ] {
        replace(|new| symlink(link, new))?;
        hears(watch, &format!(r#""mode":"{mode}""#))?;
        hears(watch, "2001:db8::53")?;
        selects(stage, mode, chosen)?;
    }
    Ok(())
}

/// Puts another /etc/resolv.conf in place of the one that is there, if one is.
fn replace(make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    let new = Path::new("/etc/resolv.conf.new");
    make(new).context("making another /etc/resolv.conf")?;
    std::fs::rename(new, ETC).context("replacing /etc/resolv.conf")
}

/// Checks resolved's mode, as we take it, and the file that is selected in it.
fn selects(stage: &Stage, mode: &str, path: &Path) -> Result<()> {
    let value = selection(stage)?;
    let expected = path.to_str() == value["path"].as_str() && value["mode"] == mode;
    ensure!(expected, "in mode {mode}, where {path:?} is right: {value}");
    Ok(())
}

/// The command, watching the selection.
fn watch(stage: &Stage) -> Result<Started> {
    let mut command = stage.tool();
    command.args([
        "resolv-conf",
        "watch",
        "--json",
        "--etc",
        ETC,
        "--uplink",
        UPLINK,
    ]);
    Started::new(&mut command, "/tmp/watch.log".into())
}

/// Waits until the watching command tells of this server.
fn hears(watch: &Started, server: &str) -> Result<()> {
    let has = || {
        watch
            .said()
            .lines()
            .last()
            .is_some_and(|line| line.contains(server))
    };
    until("the watch to tell of it", Duration::from_secs(10), has)
        .with_context(|| format!("{server}: it said: {}", watch.said().trim()))
}

fn start(stage: &Stage, server: &str) -> Result<Started> {
    // systemd makes it for the service; its user is the one in the tree.
    let state = Path::new("/run/systemd/resolve");
    std::fs::create_dir_all(state).context("making resolved's state directory")?;
    chown(state, Some(991), Some(991)).context("giving it to systemd-resolve")?;
    // Left by the one killed before; a new one must write it anew.
    let uplink = Path::new(UPLINK);
    let _ = std::fs::remove_file(uplink);
    stage.write(
        "/etc/systemd/resolved.conf.d/test.conf",
        &format!("[Resolve]\nDNS={server}\nFallbackDNS=\nDomains=example.test\n"),
    )?;
    let resolved = stage.start(PROGRAM, &[])?;
    let has = || std::fs::read_to_string(uplink).is_ok_and(|text| text.contains(server));
    until(
        "systemd-resolved to write its file",
        Duration::from_secs(20),
        has,
    )
    .with_context(|| format!("it said: {}", resolved.said().trim()))?;
    Ok(resolved)
}

fn select(stage: &Stage) -> Result<(String, String)> {
    let value = selection(stage)?;
    let field = |name: &str| {
        value[name]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("no {name} in {value}"))
    };
    Ok((field("path")?, field("reason")?))
}

fn selection(stage: &Stage) -> Result<serde_json::Value> {
    let mut command = stage.tool();
    command.args(["resolv-conf", "select", "--json", "--etc", ETC]);
    json(command.args(["--uplink", UPLINK]))
}

fn rendered(stage: &Stage) -> Result<Vec<String>> {
    let path = select(stage)?.0;
    let mut command = stage.tool();
    command.args([
        "resolv-conf",
        "render",
        "--json",
        "--network",
        "legacy",
        "--ipv6",
        "true",
        "--from",
        &path,
    ]);
    let value = json(&mut command)?;
    let servers = value["nameservers"]
        .as_array()
        .with_context(|| format!("no nameservers in {value}"))?;
    Ok(servers
        .iter()
        .filter_map(|server| server.as_str().or(server["address"].as_str()))
        .map(str::to_owned)
        .collect())
}

fn json(command: &mut Command) -> Result<serde_json::Value> {
    let text = inside::output(command)?;
    serde_json::from_str(&text).with_context(|| format!("{command:?} printed no JSON: {text}"))
}
