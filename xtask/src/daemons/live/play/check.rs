//! Whether a container is as it was, and whether all of a dead one is gone.

use super::container::{Container, rows};
use crate::daemons::live::engines::engine::Engine;
use crate::daemons::live::engines::image::{TOKEN, TOKEN_TEXT};
use crate::daemons::live::processes;
use crate::daemons::stage::inside;
use anyhow::{Context, Result, ensure};
use std::cell::Cell;

thread_local! {
    /// So that no check finds what an earlier one wrote.
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// Looks at each container: those that live are whole and work, of the dead no mount is left.
pub(crate) fn all(engine: &dyn Engine, containers: &[Container]) -> Result<()> {
    for container in containers {
        let result = if container.lives {
            is_whole(engine, container).and_then(|()| works(engine, container))
        } else {
            is_gone(engine, container)
        };
        let (name, part) = (&container.name, container.part);
        result.with_context(|| format!("container {name} ({part:?})"))?;
    }
    Ok(())
}

fn is_whole(engine: &dyn Engine, container: &Container) -> Result<()> {
    let rows = rows(engine)?;
    for mount in &container.mounts {
        let point = mount.point.display();
        ensure!(
            rows.contains(mount),
            "HARMED: it lives, and {point} was unmounted"
        );
    }
    Ok(())
}

/// Network namespaces are not looked for: a clean-up of the data root leaves them.
fn is_gone(engine: &dyn Engine, container: &Container) -> Result<()> {
    let rows = rows(engine)?;
    for mount in container.mounts.iter().filter(|mount| mount.kind != "nsfs") {
        let point = mount.point.display();
        ensure!(
            !rows.contains(mount),
            "it is dead, and {point} was not found"
        );
    }
    Ok(())
}

/// No runtime starts a command in a container without its first process: what the
/// process that is left sees must do.
fn lives_on(pid: u32, count: u32) -> Result<()> {
    ensure!(processes::is_alive(pid), "HARMED: its last process is gone");
    let inside = |name: &str| format!("/proc/{pid}/root/{name}");
    let read = |name: &str| std::fs::read_to_string(inside(name));
    let read = read(TOKEN.trim_start_matches('/')).and_then(|token| {
        std::fs::write(inside(&format!("own-{count}")), "mine\n")?;
        Ok(token + &read(&format!("own-{count}"))? + &read(&format!("host-{count}"))?)
    });
    let read = read.context("HARMED: its last process has no file system")?;
    let expected = format!("{TOKEN_TEXT}mine\nfrom the host\n");
    ensure!(read == expected, "HARMED: its last process reads {read:?}");
    Ok(())
}

/// A command runs in it, and its file system is read and written from both sides.
fn works(engine: &dyn Engine, container: &Container) -> Result<()> {
    let count = COUNT.get() + 1;
    COUNT.set(count);
    let root = container.file_system()?;
    let outside = std::fs::read_to_string(root.join(TOKEN.trim_start_matches('/')));
    let outside = outside.context("HARMED: the host cannot read its file system")?;
    ensure!(outside == TOKEN_TEXT, "HARMED: the host reads {outside:?}");
    std::fs::write(root.join(format!("host-{count}")), "from the host\n")
        .context("HARMED: the host cannot write its file system")?;

    if let Some(pid) = container.survivor {
        return lives_on(pid, count);
    }
    let mut expected = format!("{TOKEN_TEXT}mine\n");
    let mut files = format!("{TOKEN} /own-{count}");
    if engine.sees_the_host() {
        files.push_str(&format!(" /host-{count}"));
        expected.push_str("from the host\n");
    }
    let script = format!("echo mine > /own-{count} && {}", compare(&files, &expected));
    let mut command = if engine.answers() {
        engine.exec(&container.name, &script)
    } else {
        engine.exec_without_engine(&container.name, &container.id, &script)
    };
    inside::output(&mut command).context("HARMED: no command runs in it, or it reads wrongly")?;
    Ok(())
}

/// A script that fails unless the files have this text. The exit code says it, because a client may
/// lose the last words of a command that ends at once; only who is about to fail waits.
fn compare(files: &str, text: &str) -> String {
    let text = text.trim_end();
    format!(
        "said=$(cat {files}); test \"$said\" = '{text}' || {{ echo \"it reads $said\"; sleep 0.3; exit 9; }}"
    )
}
