//! Finds who still needs a script: reads the command lines of processes, and the bundles that
//! they lead to.
//!
//! A monitor such as podman's conmon is started with the path of the runtime, and calls it
//! for exec, kill and delete as long as the container lives. A script that is just being
//! run is on the command line of its shell.

use std::path::Path;

use mountscan::{Proc, ProcRoot};

use super::elsewhere::Elsewhere;
use super::references::References;
use crate::procfs::{is_gone, open, words};

/// The most bytes that are read of a command line. The kernel itself has no such bound. A longer
/// one makes the scan incomplete.
const MAX_LINE: usize = 8 << 20;

impl References {
    /// Adds the scripts that command lines of processes name, such as that of a monitor
    /// that calls its runtime again when a container ends. `proc` is the procfs to read, such
    /// as the path `/proc`.
    ///
    /// It adds as well what the bundles of other engines name, whatever their exec roots are:
    /// those that running engines and shims lead to, and those that mounts lead to.
    ///
    /// Processes of other pid namespaces are seen only if those lie below this one. A
    /// procfs that hides processes makes the references incomplete. So does a place that is no
    /// procfs, something that lies over a part of it, and the procfs of a pid namespace that
    /// does not show the caller.
    pub fn scan_processes(&mut self, proc: impl Into<Proc>) {
        match open(&proc.into()) {
            Ok(proc) => scan(self, &proc),
            Err(why) => self.unseen(Path::new("/proc"), why),
        }
    }
}

fn scan(references: &mut References, proc: &ProcRoot) {
    // The number in this procfs: one of an outer pid namespace has another one than getpid(2).
    let own = proc.own_pid().ok();
    let pids = proc.pids().unwrap_or_else(|error| {
        references.unseen(&proc.shown(""), words(&error));
        Vec::new()
    });
    // Every pid namespace has a process 1. A procfs that does not show it hides others, too.
    if pids.first() != Some(&1) {
        let why = "it does not show every process".to_owned();
        references.unseen(&proc.shown(""), why);
    }
    let mut elsewhere = Elsewhere::new(proc);
    elsewhere.add_mounts(references);
    // This process may name a script only because it was asked to look at it.
    for pid in pids.into_iter().filter(|pid| Some(*pid) != own) {
        let file = format!("{pid}/cmdline");
        match proc.read_up_to(&file, MAX_LINE) {
            Ok(line) => {
                if line.len() == MAX_LINE {
                    let why = format!("longer than {MAX_LINE} bytes");
                    references.unseen(&proc.shown(&file), why);
                }
                let comm = format!("{pid}/comm");
                let name = proc.read(&comm).unwrap_or_else(|error| {
                    // Without its name it may be an engine, whose bundles are then not looked for.
                    if !is_gone(&error) {
                        references.unseen(&proc.shown(&comm), words(&error));
                    }
                    Vec::new()
                });
                let shown = String::from_utf8_lossy(&name);
                let by = format!("pid {pid} {} names it", shown.trim_end());
                references.add_names_in(&line, &by);
                elsewhere.add_process(references, pid, &name, &line);
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => references.unseen(&proc.shown(pid.to_string()), words(&error)),
        }
    }
    elsewhere.scan(references);
}
