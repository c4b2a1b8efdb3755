//! The image of all containers: busybox, made here, as each engine takes it.

use crate::daemons::stage::Stage;
use crate::deb;
use anyhow::{Context, Result};
use std::path::Path;

/// A root file system as one archive, for `docker import` and `podman import`.
pub(crate) const ARCHIVE: &str = "/tmp/image.tar";
/// The image's name in every engine.
pub(crate) const NAME: &str = "localhost/busybox:test";
/// A file of the image, to be read in containers.
pub(crate) const TOKEN: &str = "/token";
/// What is in it.
pub(crate) const TOKEN_TEXT: &str = "read from the image\n";
/// Reads the file, and tells by the exit code whether it is whole. A client may lose the last words
/// of a container that ends at once, most of all on a busy machine.
pub(crate) const LOOK: [&str; 3] = [
    "/bin/sh",
    "-c",
    "read -r line < /token && test \"$line\" = 'read from the image'",
];

/// Sleeps, and has a child that sleeps.
pub(crate) const SLEEP: [&str; 3] = ["/bin/sh", "-c", "sleep 2000 & exec sleep 2001"];

const APPLETS: &[&str] = &["sh", "sleep", "cat", "echo"];

/// Makes the archive, and what each engine wants of its machine.
pub(crate) fn set_up(stage: &Stage) -> Result<()> {
    for directory in ["/var/tmp", "/root", "/etc/containers"] {
        std::fs::create_dir_all(directory).context(directory)?;
    }
    let busybox = |arguments: &[&str]| {
        let mut command = stage.command("/usr/bin/busybox");
        command.args(arguments);
        crate::daemons::stage::inside::output(&mut command)
    };
    busybox(&["ip", "link", "set", "lo", "up"])?;
    // As systemd has it.
    busybox(&["mount", "--make-rshared", "/"])?;
    let mut archive = tar::Builder::new(std::fs::File::create(ARCHIVE)?);
    add_files(&mut archive)?;
    archive.finish().context("packing the image")
}

fn add_files(archive: &mut tar::Builder<impl std::io::Write>) -> Result<()> {
    archive
        .append_path_with_name("/usr/bin/busybox", "bin/busybox")
        .context("packing busybox")?;
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        archive.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(TOKEN_TEXT.len() as u64);
    header.set_mode(0o644);
    let name = TOKEN.trim_start_matches('/');
    archive.append_data(&mut header, name, TOKEN_TEXT.as_bytes())?;
    Ok(())
}

/// Writes the image in the layout that `ctr images import` takes.
pub(crate) fn write_layout(to: &Path) -> Result<()> {
    let layer = std::fs::read(ARCHIVE).context(ARCHIVE)?;
    let layer_digest = deb::digest(&layer);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "1000"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
    })
    .to_string();
    let of = |kind: &str, bytes: &[u8]| {
        serde_json::json!({
            "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": format!("sha256:{}", deb::digest(bytes)), "size": bytes.len(),
        })
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": of("config.v1+json", config.as_bytes()),
        "layers": [of("layer.v1.tar", &layer)],
    })
    .to_string();
    let mut listed = of("manifest.v1+json", manifest.as_bytes());
    listed["annotations"] = serde_json::json!({ "io.containerd.image.name": NAME });
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [listed] }).to_string();
    let layout = r#"{"imageLayoutVersion":"1.0.0"}"#;
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", deb::digest(bytes));
    let mut archive = tar::Builder::new(std::fs::File::create(to)?);
    for (name, bytes) in [
        ("oci-layout".to_owned(), layout.as_bytes()),
        ("index.json".to_owned(), index.as_bytes()),
        (blob(&layer), &layer),
        (blob(config.as_bytes()), config.as_bytes()),
        (blob(manifest.as_bytes()), manifest.as_bytes()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes)?;
    }
    archive.finish().context("packing the image layout")
}
