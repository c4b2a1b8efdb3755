//! Finds who still needs a script: reads the command lines of processes, and the bundles that
//! they lead to.
//!
//! A monitor such as podman's conmon is started with the path of the runtime, and calls it
//! for exec, kill and delete as long as the container lives. A script that is just being
//! run is on the command line of its shell.

use std::io;
use std::path::Path;

use super::elsewhere::Elsewhere;
use super::references::{References, is_gone};
use crate::bounded::read_bounded;

/// The longest command line that is read. The kernel itself has no such bound. A longer one
/// makes the scan incomplete.
const MAX_LINE: u64 = 8 << 20;

impl References {
    /// Adds the scripts that command lines of processes name, such as that of a monitor
    /// that calls its runtime again when a container ends. `proc` is where procfs is.
    ///
    /// It adds as well what the bundles of other engines name, whatever their exec roots are:
    /// those that running engines and shims lead to, and those that mounts lead to.
    ///
    /// Processes of other pid namespaces are seen only if those lie below this one. A
    /// procfs that hides processes makes the references incomplete.
    pub fn scan_processes(&mut self, proc: &Path) {
        scan(self, proc);
    }
}

fn scan(references: &mut References, proc: &Path) {
    // The number in this procfs: one of an outer pid namespace has another one than getpid(2).
    let own = std::fs::read_link(proc.join("self")).ok();
    let own: Option<u32> = own.and_then(|own| own.to_str()?.parse().ok());
    let pids = references.entries(proc).into_iter().filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    let mut pids: Vec<u32> = pids.collect();
    pids.sort_unstable();
    // Every pid namespace has a process 1. A procfs that does not show it hides others, too.
    if pids.first() != Some(&1) {
        let why = io::Error::other("it does not show every process");
        references.missed(proc, &why);
    }
    let mut elsewhere = Elsewhere::default();
    elsewhere.add_mounts(references, proc);
    // This process may name a script only because it was asked to look at it.
    for pid in pids.into_iter().filter(|pid| Some(*pid) != own) {
        let dir = proc.join(pid.to_string());
        match read_bounded(&dir.join("cmdline"), MAX_LINE) {
            Ok(line) => {
                let name = read_bounded(&dir.join("comm"), MAX_LINE).unwrap_or_default();
                let shown = String::from_utf8_lossy(&name);
                let by = format!("pid {pid} {} names it", shown.trim_end());
                references.add_names_in(&line, &by);
                elsewhere.add_process(references, &dir, &name, &line);
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => references.missed(&dir, &error),
        }
    }
    elsewhere.scan(references);
}
