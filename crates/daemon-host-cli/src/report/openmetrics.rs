//! OpenMetrics text, for node_exporter's textfile collector.
//!
//! The format is that of the OpenMetrics 1.0 specification: a family's metadata,
//! then its samples, and `# EOF` at the end.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// A text being built, family by family.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    text: String,
}

impl Metrics {
    /// Begins a gauge family.
    pub(crate) fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Begins an info family; its samples carry labels only.
    pub(crate) fn info(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, "info", help)
    }

    fn family(&mut self, name: &str, kind: &'static str, help: &str) -> Family<'_> {
        let name = format!("daemon_host_{name}");
        let text = &mut self.text;
        text.push_str(&format!(
            "# TYPE {name} {kind}\n# HELP {name} {}\n",
            escape(help)
        ));
        let suffix = if kind == "info" { "_info" } else { "" };
        Family {
            sample: format!("{name}{suffix}"),
            text,
        }
    }

    /// The finished text.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

/// One metric family that samples are added to.
#[derive(Debug)]
pub(crate) struct Family<'t> {
    sample: String,
    text: &'t mut String,
}

impl Family<'_> {
    /// Adds a sample with these labels.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: u64) -> &mut Self {
        self.text.push_str(&self.sample);
        for (index, (name, label)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            write!(self.text, "{open}{name}=\"{}\"", escape(label))
                .expect("writing to a String cannot fail");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        writeln!(self.text, "{close} {value}").expect("writing to a String cannot fail");
        self
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('"', "\\\"")
}

/// Puts `text` at `path` so that a reader sees the old file or the whole new one.
///
/// # Errors
///
/// When the directory cannot be written; the temporary file is removed then.
pub(crate) fn write_atomically(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.file_name().context("the output file has no name")?;
    let mut temp = name.to_owned();
    temp.push(format!(".{}.tmp", std::process::id()));
    let temp = path.with_file_name(temp);
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temp)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temp, path)
    })();
    written.map_err(|error| {
        // What is left of the temporary file is only in the way.
        let _ = fs::remove_file(&temp);
        anyhow::Error::new(error).context(format!("write {}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_metadata_then_samples() {
        let mut metrics = Metrics::default();
        metrics.gauge("mounts", "Rows of the table.").sample(&[], 3);
        metrics
            .info("kernel", "The kernel.")
            .sample(&[("release", "6.1 \"x\"\\\n")], 1);
        assert_eq!(
            metrics.finish(),
            "# TYPE daemon_host_mounts gauge\n# HELP daemon_host_mounts Rows of the table.\n\
             daemon_host_mounts 3\n# TYPE daemon_host_kernel info\n\
             # HELP daemon_host_kernel The kernel.\n\
             daemon_host_kernel_info{release=\"6.1 \\\"x\\\"\\\\\\n\"} 1\n# EOF\n"
        );
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.prom");
        write_atomically(&path, "old").unwrap();
        write_atomically(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(write_atomically(&dir.path().join("missing/d.prom"), "x").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
