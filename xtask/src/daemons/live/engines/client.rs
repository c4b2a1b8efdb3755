//! What the clients of dockerd and podman have in common.

use super::engine::Part;
use super::image;
use crate::daemons::stage::{Stage, inside};
use anyhow::Result;
use std::process::Command;

/// A client that takes Docker's words.
pub(crate) struct Client<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) program: &'static str,
    /// What each of its containers is started with.
    pub(crate) options: Vec<String>,
}

impl Client<'_> {
    /// A command.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command(self.program);
        // Only podman knows the variable.
        command.env("PODMAN_IGNORE_CGROUPSV1_WARNING", "1");
        command.args(arguments);
        command
    }

    /// The one line that a command prints.
    pub(crate) fn said(&self, arguments: &[&str]) -> Result<String> {
        let text = inside::output(&mut self.command(arguments))?;
        Ok(text.trim().to_owned())
    }

    /// Makes the image, where the store does not have it yet.
    pub(crate) fn import(&self) -> Result<()> {
        if self.said(&["images", "-q", image::NAME])?.is_empty() {
            self.said(&["import", image::ARCHIVE, image::NAME])?;
        }
        Ok(())
    }

    /// Starts a container, which sleeps and has a child that sleeps.
    pub(crate) fn run(&self, name: &str, runtime: &str, part: Part) -> Result<()> {
        let mut command = self.command(&["run", "-d", "--name", name, "--runtime", runtime]);
        command.args(["--network", "none"]).args(&self.options);
        if part == Part::Orphan {
            command.args(["--pid", "host"]);
        }
        command.arg(image::NAME).args(image::SLEEP);
        inside::output(&mut command).map(drop)
    }

    /// A container that looks at the image, ends, and is gone.
    pub(crate) fn once(&self, runtime: &str) -> Command {
        let mut command = self.command(&["run", "--rm", "--runtime", runtime]);
        command.args(["--network", "none"]).args(&self.options);
        command.arg(image::NAME).args(image::LOOK);
        command
    }

    /// A shell script in a container.
    pub(crate) fn exec(&self, name: &str, script: &str) -> Command {
        self.command(&["exec", name, "/bin/sh", "-c", script])
    }

    /// Ends a container at once and starts it anew.
    pub(crate) fn restart(&self, name: &str) -> Result<()> {
        self.said(&["restart", "-t", "0", name]).map(drop)
    }

    /// Starts a container that was killed.
    pub(crate) fn start_again(&self, name: &str) -> Result<()> {
        self.said(&["start", name]).map(drop)
    }
}
