//! The virtio port to the host.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::protocol::Record;

/// Sends records; clones write to the same port.
#[derive(Clone)]
pub(crate) struct Port {
    file: Arc<Mutex<File>>,
}

impl Port {
    /// Opens the port of this name, which appears some time after its driver.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(device) = find(name) {
                let file = File::options()
                    .write(true)
                    .open(&device)
                    .with_context(|| device.clone())?;
                return Ok(Self {
                    file: Arc::new(Mutex::new(file)),
                });
            }
            if Instant::now() > end {
                bail!("no virtio port {name:?}: has the kernel virtio_console and virtio_pci?");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends one record. A host that has gone away is no reason to stop.
    pub(crate) fn send(&self, record: &Record) {
        let mut file = self
            .file
            .lock()
            .expect("no writer panics while it holds the port");
        if let Err(error) = file.write_all(&record.render()) {
            eprintln!("guest-init: writing to the port: {error}");
        }
    }
}

fn find(wanted: &str) -> Option<String> {
    let ports = std::fs::read_dir("/sys/class/virtio-ports").ok()?;
    ports.flatten().find_map(|port| {
        let name = std::fs::read_to_string(port.path().join("name")).ok()?;
        let device = format!("/dev/{}", port.file_name().to_string_lossy());
        (name.trim_end() == wanted && std::path::Path::new(&device).exists()).then_some(device)
    })
}
