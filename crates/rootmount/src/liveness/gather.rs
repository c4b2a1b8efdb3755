//! Gathers evidence: asks the witnesses, and looks at all processes once.

use std::collections::BTreeSet;
use std::path::Path;

use mountscan::{Device, MountTable, Proc, ResidentsOptions, residents};

use crate::error::in_words;
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::evidence::{Claim, Evidence, Processes, Witness};
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
        evidence.processes = look_at_processes(root, table, proc.into());
        debug!(
            testimonies = evidence.testimonies.len(),
            complaints = evidence.complaints.len(),
            "evidence gathered"
        );
        evidence
    }
}

fn look_at_processes(root: &Path, table: &MountTable, proc: Proc) -> Processes {
    let devices: BTreeSet<Device> = table.under(root).map(|row| row.device()).collect();
    let mut options = ResidentsOptions::new();
    options.proc = proc;
    // Only the file systems in question: a look at every file of every process would take long.
    options.devices = Some(devices.into_iter().collect());
    options.table = Some(table.clone());
    match within(ANSWER_LIMIT, move || residents(&options)) {
        Some(Ok(seen)) => Processes::Seen(seen),
        Some(Err(error)) => Processes::Unseen(in_words(&error)),
        None => Processes::Unseen("/proc did not answer in 5 s".to_owned()),
    }
}
