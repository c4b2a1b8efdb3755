//! Decides whether a container lives, from its recorded state and from what was seen.
//!
//! One process proves life. Death is proved only if a running process would be visible here. In
//! another pid namespace a pid means nothing. In another time namespace a start time means nothing.

use std::path::Path;

use super::cgroup::Group;
use super::process::{Running, Seen, Sight};
use super::record::{Record, RecordedProcess};
use super::state::Life;
use super::view::View;

/// Where no start time is recorded: a process that began this many seconds after the state was made
/// is another process. The kernel has used the pid again.
const LATER: i64 = 60;

/// What was seen of a recorded container.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) id: &'a str,
    pub(super) view: &'a View,
    /// One for each recorded process.
    pub(super) seen: Vec<Sight>,
    pub(super) group: Group,
    /// Whether the bundle's path exists here. A container that sees its host's states sees them
    /// under other paths.
    pub(super) is_bundle_here: bool,
}

/// Decides whether the container lives.
pub(super) fn judge(record: &Record, facts: &Facts<'_>) -> Life {
    let trust = trust(record, facts);
    let pairs = record.processes.iter().zip(&facts.seen);
    let lives: Vec<Life> = pairs
        .map(|(process, sight)| of_process(*process, sight, record, facts, &trust))
        .collect();
    if let Some(life) = lives.iter().find(|life| matches!(life, Life::Alive { .. })) {
        return life.clone();
    }
    if let Group::Populated(path) = &facts.group {
        let by = format!("processes in its cgroup {}", path.display());
        return Life::Alive { pid: None, by };
    }
    // The first process may have died and another one of the group live on.
    if let Some(why) = unread_group(record, &facts.group) {
        return unknown(why);
    }
    if let Group::Empty(path) = &facts.group {
        // The recorded process may have left the group, and may still run.
        if !lives.iter().zip(&facts.seen).any(may_be_it) {
            let why = format!("its cgroup {} has no process", path.display());
            return Life::Dead { why };
        }
    }
    if record.is_stopped {
        return dead("its runtime wrote down that it has stopped");
    }
    let strongest = lives.into_iter().max();
    strongest.unwrap_or_else(|| unknown("its state names no process"))
}

/// Why the container may have processes in a cgroup that could not be looked at.
fn unread_group(record: &Record, group: &Group) -> Option<String> {
    match group {
        Group::Unread(path) => Some(format!("its cgroup {} cannot be read", path.display())),
        Group::Unseen(root) => {
            let root = root.display();
            Some(format!(
                "its cgroup cannot be seen: no cgroups are at {root}"
            ))
        }
        Group::Partial(root) => {
            let root = root.display();
            Some(format!(
                "its cgroup cannot be seen: {root} shows a part of the cgroups"
            ))
        }
        _ => record.unread.clone(),
    }
}

fn may_be_it((life, sight): (&Life, &Sight)) -> bool {
    let is_there = !matches!(sight.seen, Seen::Gone | Seen::Ended);
    !life.is_dead() && (is_there || !sight.below.is_empty())
}

fn of_process(
    recorded: RecordedProcess,
    sight: &Sight,
    record: &Record,
    facts: &Facts<'_>,
    trust: &Result<(), String>,
) -> Life {
    let pid = recorded.pid;
    let namesake = |running: &&Running| may_be_same(recorded, running, record, facts.view);
    let gone = |what: &str| match (trust, sight.below.iter().find(namesake)) {
        (Ok(()), None) => dead(format!("pid {pid} {what}")),
        (Ok(()), Some(running)) => {
            let name = &running.name;
            unknown(format!(
                "it may be pid {pid} {name} of a pid namespace below"
            ))
        }
        (Err(why), _) => unknown(why),
    };
    match &sight.seen {
        Seen::Running(running) => match is_same(recorded, running, record, facts) {
            Ok(true) => Life::Alive {
                pid: Some(pid),
                by: format!("pid {pid} {}", running.name),
            },
            Ok(false) => gone("is another process by now"),
            Err(why) => unknown(format!("pid {pid}: {why}")),
        },
        Seen::Ended => gone("has ended"),
        Seen::Gone => gone("is gone"),
        Seen::Hidden => unknown(format!("pid {pid} exists, but this /proc does not show it")),
        Seen::Unclear(why) => unknown(format!("pid {pid}: {why}")),
    }
}

/// Whether a running process is the recorded one.
fn is_same(
    recorded: RecordedProcess,
    running: &Running,
    record: &Record,
    facts: &Facts<'_>,
) -> Result<bool, &'static str> {
    match recorded.start {
        // The kernel uses a pid again, but only later. So both numbers together mean one process.
        Some(start) if start == running.start => Ok(true),
        Some(_) if facts.view.is_true_time == Some(true) => Ok(false),
        Some(_) => Err("it started at another time, but this may be another time namespace"),
        None if is_in_group(running, record, facts.id) => Ok(true),
        None => match (record.created, facts.view.wall(running.start)) {
            (Some(created), Some(started)) => Ok(started <= created + LATER),
            // Nothing proves that it is another process.
            _ => Ok(true),
        },
    }
}

/// Whether a process with the recorded number in another pid namespace may be the recorded one.
fn may_be_same(recorded: RecordedProcess, running: &Running, record: &Record, view: &View) -> bool {
    match (recorded.start, record.created) {
        (Some(start), _) => start == running.start || view.is_true_time != Some(true),
        (None, Some(created)) => view
            .wall(running.start)
            .is_none_or(|started| started <= created + LATER),
        (None, None) => true,
    }
}

/// Whether a process is in the container's cgroup, or in one that is named after it.
fn is_in_group(running: &Running, record: &Record, id: &str) -> bool {
    let ends_in = |path: &Path, recorded: &Path| {
        let recorded = recorded.strip_prefix("/").unwrap_or(recorded);
        path.strip_prefix("/").unwrap_or(path) == recorded
    };
    running.cgroups.iter().any(|path| {
        let is_recorded = record
            .cgroups
            .iter()
            .any(|recorded| ends_in(path, recorded));
        // A short name can appear in a path by chance.
        is_recorded || (id.len() >= 12 && path.to_string_lossy().contains(id))
    })
}

/// Whether this procfs would show a process of this state if it ran.
fn trust(record: &Record, facts: &Facts<'_>) -> Result<(), String> {
    let view = facts.view;
    match view.is_initial {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => return Err("nobody can tell which pid namespace this /proc shows".into()),
    }
    let strange = |why: &str| {
        Err(format!(
            "{why}, so its state may be of another pid namespace"
        ))
    };
    if !facts.is_bundle_here {
        return strange("its bundle is not here");
    }
    for process in &record.processes {
        match view.last_pid {
            // When the numbers have begun again at the bottom, this also doubts states of this
            // namespace. Then the answer is unknown, never dead.
            Some(last) if process.pid <= last => {}
            _ => return strange(&format!("pid {} was never given out here", process.pid)),
        }
    }
    let starts = record.processes.iter().map(|process| process.start);
    let is_younger = match (starts.min().flatten(), view.first_start, record.created) {
        (Some(start), Some(first), _) => start >= first,
        (None, Some(first), Some(created)) => {
            view.wall(first).is_some_and(|first| created >= first)
        }
        _ => false,
    };
    if !is_younger {
        return strange("it was made before this pid namespace");
    }
    Ok(())
}

fn dead(why: impl Into<String>) -> Life {
    Life::Dead { why: why.into() }
}

fn unknown(why: impl Into<String>) -> Life {
    Life::Unknown { why: why.into() }
}
