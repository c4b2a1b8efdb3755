//! Gathers evidence: asks the witnesses, and looks at all processes once.

use std::collections::BTreeSet;
use std::path::Path;

use mountscan::{Device, MountTable, Proc, ProcRoot, ResidentsOptions, residents};

use crate::error::in_words;
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::evidence::{Claim, Evidence, Processes, Witness};
use crate::liveness::outside::outsiders;
use crate::log::debug;

impl Evidence {
    /// Gathers everything that can be known about the containers below a data root.
    ///
    /// `table` must have been read before. `proc` is the procfs to read, such as the path
    /// `/proc`. It never fails: what could not be read is part of the evidence.
    pub fn gather(
        root: &Path,
        table: &MountTable,
        witnesses: &[&dyn Witness],
        claim: Claim,
        proc: impl Into<Proc>,
    ) -> Self {
        let mut evidence = Self::none(claim);
        for witness in witnesses {
            match witness.testify(root) {
                Ok(mut statement) => {
                    evidence.testimonies.append(&mut statement.testimonies);
                    evidence.looked.append(&mut statement.looked);
                    evidence.missing.append(&mut statement.missing);
                }
                Err(error) => {
                    let text = format!("{}: {}", witness.name(), in_words(&*error));
                    evidence.complaints.push(text);
                }
            }
        }
        // Processes last: one that starts now has its mounts after the table was read.
        (evidence.processes, evidence.outsiders) = look_at_processes(root, table, proc.into());
        debug!(
            testimonies = evidence.testimonies.len(),
            complaints = evidence.complaints.len(),
            "evidence gathered"
        );
        evidence
    }
}

/// Looks at all processes, and at what is said of those that are not seen.
fn look_at_processes(root: &Path, table: &MountTable, proc: Proc) -> (Processes, Option<String>) {
    let devices: BTreeSet<Device> = table.under(root).map(|row| row.device()).collect();
    let mut options = ResidentsOptions::new();
    options.proc = proc;
    // Only the file systems in question: a look at every file of every process would take long.
    options.devices = Some(devices.into_iter().collect());
    options.table = Some(table.clone());
    let root = root.to_owned();
    let look = move || {
        let seen = residents(&options)?;
        let proc = ProcRoot::open(&options.proc)?;
        let table = options.table.unwrap_or_default();
        let outsiders = outsiders(&root, &table, &seen.view, &proc);
        Ok::<_, mountscan::Error>((seen, outsiders))
    };
    let unseen = |why: String| (Processes::Unseen(why), None);
    match within(ANSWER_LIMIT, look) {
        Some(Ok((seen, outsiders))) => (Processes::Seen(seen), outsiders),
        Some(Err(error)) => unseen(in_words(&error)),
        None => unseen("/proc did not answer in 5 s".to_owned()),
    }
}
