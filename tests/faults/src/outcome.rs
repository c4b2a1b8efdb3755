//! What a child tells the driver, through a file.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// How an action ended and what its process was like afterwards.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// `None`: it worked.
    pub(crate) failure: Option<Failure>,
    /// The message of a panic in the action.
    pub(crate) panic: Option<String>,
    /// What the action found wrong in its own process.
    pub(crate) findings: Vec<String>,
    /// Descriptors that were not open before, with what they are open on.
    pub(crate) new_descriptors: Vec<String>,
    /// Threads that were not there before.
    pub(crate) new_threads: usize,
}

/// An error that an action gave.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The whole chain of causes.
    pub(crate) text: String,
    /// Error numbers in the chain.
    pub(crate) errnos: Vec<i32>,
}

impl Failure {
    pub(crate) fn of(error: &anyhow::Error) -> Failure {
        let errnos = error
            .chain()
            .filter_map(|cause| {
                cause
                    .downcast_ref::<io::Error>()
                    .and_then(io::Error::raw_os_error)
            })
            .collect();
        Failure {
            text: format!("{error:#}"),
            errnos,
        }
    }

    /// Whether the error says what was injected, by number or in words.
    pub(crate) fn names(&self, errno: i32) -> bool {
        let words = io::Error::from_raw_os_error(errno).to_string();
        let words = words
            .split(" (os error")
            .next()
            .unwrap_or_default()
            .to_lowercase();
        self.errnos.contains(&errno) || self.text.to_lowercase().contains(&words)
    }
}

impl Outcome {
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec(self).context("outcome as JSON")?;
        fs::write(path, text).context("write the outcome")
    }

    pub(crate) fn read(path: &Path) -> anyhow::Result<Outcome> {
        let text = fs::read(path).context("read the outcome")?;
        serde_json::from_slice(&text).context("outcome is not what a child writes")
    }
}

/// What a process holds that a failed operation must give back.
pub(crate) struct Holdings {
    descriptors: Vec<(String, String)>,
    pub(crate) threads: usize,
}

impl Holdings {
    /// Of this process, now.
    pub(crate) fn now() -> anyhow::Result<Holdings> {
        // Counted first: what a thread held that ends after this count is looked at again.
        let threads = fs::read_dir("/proc/self/task")
            .context("own threads")?
            .count();
        let mut descriptors = Vec::new();
        for entry in fs::read_dir("/proc/self/fd").context("own descriptors")? {
            let entry = entry.context("own descriptors")?;
            // The descriptor of this very listing is gone by the time it is read.
            if let Ok(target) = fs::read_link(entry.path()) {
                let target = target.display().to_string();
                if !target.ends_with("/fd") {
                    descriptors.push((entry.file_name().to_string_lossy().into_owned(), target));
                }
            }
        }
        Ok(Holdings {
            descriptors,
            threads,
        })
    }

    /// What is held now and was not held at `before`.
    pub(crate) fn beyond(&self, before: &Holdings) -> (Vec<String>, usize) {
        let new = self
            .descriptors
            .iter()
            .filter(|held| !before.descriptors.contains(held));
        let new = new
            .map(|(number, target)| format!("{number} on {target}"))
            .collect();
        (new, self.threads.saturating_sub(before.threads))
    }
}
