//! Writes OpenMetrics text, for node_exporter's textfile collector. Pure.
//!
//! The format is OpenMetrics 1.0: the metadata of a family, then its samples, and `# EOF` at the
//! end. There are only gauges. node_exporter reads the older Prometheus text format: there the type
//! `info` is an error, and the whole file is lost.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

/// A text that is built family by family.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    text: String,
}

impl Metrics {
    /// Begins a gauge family.
    pub(crate) fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        let name = format!("daemon_host_{name}");
        let text = &mut self.text;
        text.push_str(&format!("# TYPE {name} gauge\n# HELP {name} {help}\n"));
        Family { name, text }
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
    name: String,
    text: &'t mut String,
}

impl Family<'_> {
    /// Adds a sample with these labels.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: u64) -> &mut Self {
        self.text.push_str(&self.name);
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

/// A name from the kernel as a label. Two names never give the same label.
pub(crate) fn label(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) => text.to_owned(),
        None => name.as_bytes().escape_ascii().to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_metadata_then_samples() {
        let mut metrics = Metrics::default();
        metrics.gauge("mounts", "Rows of the table.").sample(&[], 3);
        metrics
            .gauge("kernel_info", "The kernel.")
            .sample(&[("release", "6.1 \"x\"\\\n")], 1);
        assert_eq!(
            metrics.finish(),
            "# TYPE daemon_host_mounts gauge\n# HELP daemon_host_mounts Rows of the table.\n\
             daemon_host_mounts 3\n# TYPE daemon_host_kernel_info gauge\n\
             # HELP daemon_host_kernel_info The kernel.\n\
             daemon_host_kernel_info{release=\"6.1 \\\"x\\\"\\\\\\n\"} 1\n# EOF\n"
        );
    }
}
