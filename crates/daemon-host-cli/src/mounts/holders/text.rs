//! Writes the answer as text for people. Pure.

use daemon_host::mountscan::{
    DetachedMount, HolderNamespace, HolderProcess, Holders, MountInfo, NamespaceKeeper,
};
use daemon_host::rootmount::short_ids;

use super::answer::{Answer, Place};
use super::kernel_word::KernelWord;
use super::words::{keeper_words, kernel_words, user_words, uses_words};
use crate::output::{Cell, Ink, Table, count, paint, shown};

pub(super) fn answer(answer: &Answer) -> String {
    let mut text = place(answer);
    for (mount, found) in &answer.held {
        if let Place::Other { .. } = answer.place {
            let fs_type = mount.fs_type.to_string_lossy();
            text.push_str(&format!(
                "{fs_type} is mounted there in other namespaces:\n"
            ));
        }
        text.push_str(&holders(found));
    }
    text.push_str(&verdict(answer));
    text.push_str(&detached(answer.detached.as_deref().unwrap_or_default()));
    for what in &answer.unseen {
        let said = format!("Not seen: {what}. It may be used from there, too.");
        text.push_str(&format!("{}\n", paint(Ink::Warn, said)));
    }
    text
}

fn place(answer: &Answer) -> String {
    let path = shown(&answer.path);
    let Place::Other { on, below } = &answer.place else {
        let fs_type = answer.held.first().map(|(mount, _)| &mount.fs_type);
        let fs_type = fs_type.map(|name| name.to_string_lossy().into_owned());
        let fs_type = fs_type.unwrap_or_default();
        return format!("{}  {}\n", paint(Ink::Head, path), paint(Ink::Dim, fs_type));
    };
    let mut text = format!("{} is not a mount point here.", paint(Ink::Head, path));
    if let Some(on) = on {
        let (point, fs_type) = (shown(&on.mount_point), on.fs_type.to_string_lossy());
        text.push_str(&format!(" It is on {point} ({fs_type})."));
    }
    text.push('\n');
    if !below.is_empty() {
        let mounts = count(below.len(), "mount lies", "mounts lie");
        text.push_str(&format!("{mounts} below it:\n"));
        text.push_str(&below_text(below));
    }
    text
}

fn below_text(below: &[MountInfo]) -> String {
    const SHOWN: usize = 20;
    let mut table = Table::without_heads();
    for mount in below.iter().take(SHOWN) {
        let point = mount.mount_point.to_string_lossy();
        let fs_type = mount.fs_type.to_string_lossy();
        table.row([short_ids(&point).into(), Cell::inked(Ink::Dim, fs_type)]);
    }
    let mut text = table.render_indented(2);
    if below.len() > SHOWN {
        text.push_str(&format!("  and {} more\n", below.len() - SHOWN));
    }
    text
}

fn holders(found: &Holders) -> String {
    let mut table = Table::new(&["NAMESPACE", "PID", "COMMAND", "USES IT AS"]).right(1);
    for space in &found.namespaces {
        namespace(space, &mut table);
    }
    for process in &found.elsewhere {
        row(
            "without the mount",
            Some(process),
            &uses_words(process),
            &mut table,
        );
    }
    for what in &found.kernel {
        let (name, how) = kernel_words(what);
        let how = Cell::inked(Ink::Warn, how);
        table.row(["kernel".into(), "".into(), name.into(), how]);
    }
    table.render()
}

/// Who uses it there. If nobody does, the processes by which the namespace is known.
fn namespace(space: &HolderNamespace, table: &mut Table) {
    let name = match space.is_own {
        true => "this one".to_owned(),
        false => format!("mnt:[{}]", space.inode),
    };
    let is_using = |process: &&HolderProcess| !process.uses.is_empty();
    // What could not be looked into may use it. It is counted among what was not seen.
    let seen = space.processes.iter().filter(|process| !process.is_unread);
    let idle = seen.filter(|process| process.uses.is_empty()).count();
    for process in space.processes.iter().filter(is_using) {
        row(&name, Some(process), &uses_words(process), table);
    }
    for user in &space.users {
        let how = Cell::inked(Ink::Warn, short_ids(&user_words(user)));
        table.row([name.as_str().into(), "".into(), "mount".into(), how]);
    }
    if !space.kept_by.is_empty() {
        let keepers: Vec<String> = space.kept_by.iter().map(keeper_words).collect();
        let said = format!("has it; no process there, kept by {}", keepers.join(", "));
        let pid = space.kept_by.iter().find_map(|keeper| match keeper {
            NamespaceKeeper::Descriptor { pid, .. } => Some(pid.to_string()),
            _ => None,
        });
        let pid = pid.unwrap_or_default();
        table.row([
            name.into(),
            pid.into(),
            "".into(),
            Cell::inked(Ink::Warn, said),
        ]);
        return;
    }
    let dim = |said| Cell::inked(Ink::Dim, said);
    let is_used = space.processes.iter().any(|process| is_using(&process));
    match space.is_own {
        true if idle > 0 => {
            let others = count(idle, "other process does", "other processes do");
            let said = dim(format!("{others} not use it"));
            table.row([name.into(), "".into(), "".into(), said]);
        }
        false if !is_used => {
            let said = idle_words(space.processes.len(), idle);
            row(&name, space.processes.first(), &said, table);
        }
        _ => {}
    }
}

/// A namespace that has the mount, and of whose processes none is known to use it.
fn idle_words(processes: usize, idle: usize) -> String {
    if idle < processes {
        let who = count(processes - idle, "process", "processes");
        return format!("has it; {who} there could not be looked into");
    }
    let more = match processes.saturating_sub(1) {
        0 => String::new(),
        more => format!(", as {} there", count(more, "process", "processes")),
    };
    format!("has it; does not use it itself{more}")
}

fn row(name: &str, process: Option<&HolderProcess>, how: &str, table: &mut Table) {
    let pid = process.map(|process| process.pid.to_string());
    let comm = process.map(|process| process.comm.to_string_lossy().into_owned());
    table.row([
        name.into(),
        pid.unwrap_or_default().into(),
        comm.unwrap_or_default().into(),
        Cell::inked(Ink::Warn, short_ids(how)),
    ]);
}

/// The conclusion in one sentence.
fn verdict(answer: &Answer) -> String {
    let is_used = answer.held.iter().any(|(_, found)| found.is_used());
    let is_held = answer.is_held();
    let said = match (&answer.kernel_word, is_used, answer.held.is_empty()) {
        (Some(KernelWord::Busy), false, _) => {
            "The kernel says that it is busy, and nothing was found that uses it.".to_owned()
        }
        (Some(KernelWord::Busy), true, _) => "The kernel says that it is busy.".to_owned(),
        (Some(KernelWord::Unknown(why)), ..) => format!("The kernel was not asked: {why}."),
        (Some(KernelWord::NotBusy), true, _) => {
            "The kernel says that it is not busy: what was found holds copies of it.".to_owned()
        }
        (_, false, true) => "No namespace that can be seen has a mount there.".to_owned(),
        (_, false, false) if is_held => {
            "Nothing that uses it was found; other namespaces keep it alive.".to_owned()
        }
        (_, false, false) if !answer.unseen.is_empty() => {
            "Nothing that uses it was found, but not everything could be seen.".to_owned()
        }
        (_, false, false) => "Nothing that uses it was found.".to_owned(),
        (None, true, _) => return String::new(),
    };
    let ink = match is_held || !answer.unseen.is_empty() {
        true => Ink::Warn,
        false => Ink::Good,
    };
    format!("{}\n", paint(ink, said))
}

/// Mounts that are in no table. No path leads to them, so any of them may be the one in question.
/// If its file system is mounted elsewhere, too, a mount is only counted: a process that was
/// started in another container has some.
fn detached(found: &[DetachedMount]) -> String {
    let is_last = |mount: &&DetachedMount| mount.is_file_system_mounted != Some(true);
    let last: Vec<&DetachedMount> = found.iter().filter(is_last).collect();
    let mut text = String::new();
    if !last.is_empty() {
        let systems = count(last.len(), "file system lives", "file systems live");
        text.push_str(&format!(
            "{systems} on in no table, detached and kept by:\n"
        ));
        text.push_str(&keepers(&last));
    }
    if last.len() < found.len() {
        let mounts = count(found.len() - last.len(), "more mount is", "more mounts are");
        let said = format!("{mounts} in no table that can be seen; --json names who keeps them");
        text.push_str(&format!("{}\n", paint(Ink::Dim, said)));
    }
    text
}

fn keepers(mounts: &[&DetachedMount]) -> String {
    let mut table = Table::without_heads().right(1);
    for mount in mounts {
        let device = mount.device.map_or_else(
            || "device unknown".to_owned(),
            |device| format!("device {}:{}", device.major, device.minor),
        );
        let name = match mount.mount_id {
            Some(id) => format!("mount {id}"),
            None => "file system".to_owned(),
        };
        for process in &mount.kept_by {
            let how = format!("{device}: {}", uses_words(process));
            row(&name, Some(process), &how, &mut table);
        }
    }
    table.render_indented(2)
}
