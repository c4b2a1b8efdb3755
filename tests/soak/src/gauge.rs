//! What is held at one moment, and whether it grew. Reading apart, judging pure.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::sys;

/// What one process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) resident_kib: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

impl Held {
    /// Of a process, by its directory in `/proc`.
    pub(crate) fn by(proc: &Path) -> anyhow::Result<Self> {
        let status = fs::read_to_string(proc.join("status")).context("status")?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
            number
                .and_then(|number| number.parse().ok())
                .with_context(|| format!("{name} in status"))
        };
        let descriptors = fs::read_dir(proc.join("fd")).context("fd")?.count();
        Ok(Self {
            resident_kib: field("VmRSS:")?,
            descriptors: descriptors as u64,
            threads: field("Threads:")?,
        })
    }
}

/// What there is after one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) heap: u64,
    pub(crate) own: Held,
    pub(crate) daemon: Held,
    /// Rows of the mount table.
    pub(crate) mounts: u64,
    /// Scripts that no configuration in force refers to, after a start has swept.
    pub(crate) scripts: u64,
    /// Files anywhere below the two roots.
    pub(crate) files: u64,
}

/// Bytes that this process's allocator has given out.
pub(crate) fn heap() -> u64 {
    sys::held() as u64
}

/// Something that must not grow, and how much of it is noise.
struct Measure {
    name: &'static str,
    of: fn(&Sample) -> u64,
    /// Pages that the C library keeps back come and go, and a queue keeps the room of its
    /// longest day. All else is exact.
    noise: u64,
}

const MEASURES: [Measure; 10] = [
    Measure {
        name: "memory held, bytes",
        of: |s| s.heap,
        noise: 8 << 10,
    },
    Measure {
        name: "resident memory, KiB",
        of: |s| s.own.resident_kib,
        noise: 512,
    },
    Measure {
        name: "descriptors",
        of: |s| s.own.descriptors,
        noise: 0,
    },
    Measure {
        name: "threads",
        of: |s| s.own.threads,
        noise: 0,
    },
    Measure {
        name: "mounts",
        of: |s| s.mounts,
        noise: 0,
    },
    Measure {
        name: "unreferenced scripts",
        of: |s| s.scripts,
        noise: 0,
    },
    Measure {
        name: "files",
        of: |s| s.files,
        noise: 0,
    },
    Measure {
        name: "daemon: resident memory, KiB",
        of: |s| s.daemon.resident_kib,
        noise: 512,
    },
    Measure {
        name: "daemon: descriptors",
        of: |s| s.daemon.descriptors,
        noise: 0,
    },
    Measure {
        name: "daemon: threads",
        of: |s| s.daemon.threads,
        noise: 0,
    },
];

/// The most of a thing in the second and in the last quarter of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) grew: bool,
}

/// What grew and what did not; needs eight samples to have quarters worth the name.
pub(crate) fn growth(samples: &[Sample]) -> Vec<Growth> {
    let quarter = samples.len() / 4;
    let most = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).max().unwrap_or(0);
    let judge = |measure: &Measure| {
        let before = most(&samples[quarter..2 * quarter], measure.of);
        let after = most(&samples[samples.len() - quarter..], measure.of);
        Growth {
            name: measure.name,
            before,
            after,
            grew: after > before + measure.noise,
        }
    };
    MEASURES.iter().map(judge).collect()
}

/// A table for a person.
pub(crate) fn render(growth: &[Growth]) -> String {
    let mut text = format!(
        "{:<30} {:>14} {:>14}\n",
        "most of", "second quarter", "last quarter"
    );
    for row in growth {
        let verdict = if row.grew { "GREW" } else { "" };
        let _ = writeln!(
            text,
            "{:<30} {:>14} {:>14}  {verdict}",
            row.name, row.before, row.after
        );
    }
    text.replace("  \n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(heap: u64, descriptors: u64) -> Sample {
        let own = Held {
            resident_kib: 5,
            descriptors,
            threads: 1,
        };
        Sample {
            heap,
            own,
            daemon: own,
            mounts: 3,
            scripts: 0,
            files: 9,
        }
    }

    fn grown(samples: &[Sample]) -> Vec<&'static str> {
        growth(samples)
            .iter()
            .filter(|row| row.grew)
            .map(|row| row.name)
            .collect()
    }

    #[test]
    fn warming_up_is_not_growth_and_a_leak_in_every_round_is() {
        let warm: Vec<_> = (0..40)
            .map(|n| sample(if n < 9 { n } else { 9 }, 4))
            .collect();
        assert!(grown(&warm).is_empty());
        let leak: Vec<_> = (0..40).map(|n| sample(n << 10, 4)).collect();
        assert_eq!(grown(&leak), ["memory held, bytes"]);
        let leak: Vec<_> = (0..40).map(|n| sample(0, 4 + n / 30)).collect();
        assert_eq!(grown(&leak), ["descriptors", "daemon: descriptors"]);
    }

    #[test]
    fn a_process_knows_what_it_holds() {
        let held = Held::by(Path::new("/proc/self")).unwrap();
        assert!(held.resident_kib > 0 && held.descriptors > 2 && held.threads > 0);
    }
}
