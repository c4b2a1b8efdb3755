//! Decides what the command is surrounded by, and says it. Pure.

use serde::Serialize;

/// The version that every gVisor gives in uname(2): its kernel was never built by anybody else.
const GVISOR: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

/// What was read about this place.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The version in uname(2).
    pub(super) version: String,
    /// The file name of the program that the kernel runs.
    pub(super) program: Option<String>,
    /// Whether this is the pid namespace that the kernel makes at boot.
    pub(super) is_first_pids: Option<bool>,
    /// What names a container: a variable or a file, and its value.
    pub(super) named: Option<String>,
    /// The file system at `/`, and whether all of it is there.
    pub(super) root: Option<(String, bool)>,
    /// A process above this one whose root directory is another one.
    pub(super) outside: Option<u32>,
}

/// What the command is surrounded by. An empty value says that nothing was found: this seems to be
/// the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Surroundings {
    /// Why this is a container.
    pub(crate) container: Option<String>,
    /// Whether gVisor answers in place of the kernel.
    pub(crate) gvisor: bool,
    /// The emulator that runs this program for another processor.
    pub(crate) emulator: Option<String>,
}

impl Surroundings {
    pub(super) fn of(seen: &Seen) -> Self {
        let program = seen.program.as_ref();
        Self {
            container: container(seen),
            gvisor: seen.version == GVISOR,
            emulator: program.filter(|name| name.starts_with("qemu-")).cloned(),
        }
    }

    /// A sentence for each thing that matters to who reads an answer.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(why) = &self.container {
            all.push(format!(
                "a container, not the host: {why}. To look at the host, bind its / and name it \
                 with --host-root"
            ));
        }
        if self.gvisor {
            all.push("gVisor: it answers in place of the kernel, and knows less".to_owned());
        }
        if let Some(name) = &self.emulator {
            all.push(format!(
                "the emulator {name}: it passes some system calls on differently"
            ));
        }
        all
    }
}

/// Why this is a container. A file such as /.dockerenv alone proves nothing: virtual machines are
/// made from images of containers, and `unshare --pid` is no container.
fn container(seen: &Seen) -> Option<String> {
    if let Some(pid) = seen.outside {
        return Some(format!("process {pid} has another root directory"));
    }
    if seen.is_first_pids != Some(false) {
        return None;
    }
    match (&seen.root, &seen.named) {
        (Some((fs_type, is_whole)), named) if !is_whole || is_of_containers(fs_type) => {
            let what = match is_of_containers(fs_type) {
                true => format!("an {fs_type} is its /"),
                false => "its / is a part of a file system".to_owned(),
            };
            let named = named.as_ref().map(|named| format!(", {named}"));
            Some(format!(
                "it has a pid namespace of its own, and {what}{}",
                named.unwrap_or_default()
            ))
        }
        _ => None,
    }
}

fn is_of_containers(fs_type: &str) -> bool {
    matches!(fs_type, "overlay" | "fuse.fuse-overlayfs" | "aufs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Seen {
        Seen {
            version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.147-1".into(),
            program: Some("daemon-host".into()),
            is_first_pids: Some(true),
            named: None,
            root: Some(("ext4".into(), true)),
            outside: None,
        }
    }

    #[test]
    fn a_host_and_a_pid_namespace_are_no_container() {
        assert_eq!(Surroundings::of(&seen()), Surroundings::default());
        let mut own_pids = seen();
        own_pids.is_first_pids = Some(false);
        assert_eq!(Surroundings::of(&own_pids).container, None);
        // A virtual machine made from an image.
        let mut machine = seen();
        machine.named = Some("/.dockerenv is there".into());
        machine.root = Some(("overlay".into(), true));
        assert_eq!(Surroundings::of(&machine).container, None);
        let nothing_seen = Surroundings::of(&Seen::default());
        assert_eq!(nothing_seen, Surroundings::default());
        assert!(nothing_seen.sentences().is_empty());
    }

    #[test]
    fn a_root_directory_of_its_own_is_a_container() {
        let mut overlay = seen();
        overlay.is_first_pids = Some(false);
        overlay.root = Some(("overlay".into(), true));
        overlay.named = Some("/run/.containerenv is there".into());
        let said = Surroundings::of(&overlay).sentences().join("\n");
        for words in [
            "an overlay is its /",
            "/run/.containerenv",
            "name it with --host-root",
        ] {
            assert!(said.contains(words), "{said}");
        }
        let mut part = seen();
        part.is_first_pids = Some(false);
        part.root = Some(("ext4".into(), false));
        let why = Surroundings::of(&part).container.expect("a container");
        assert!(why.contains("a part of a file system"), "{why}");
        let mut outside = seen();
        outside.outside = Some(1);
        let why = Surroundings::of(&outside).container.expect("a container");
        assert_eq!(why, "process 1 has another root directory");
    }

    #[test]
    fn what_stands_in_for_the_kernel_is_named() {
        let mut gvisor = seen();
        gvisor.version = GVISOR.into();
        assert!(Surroundings::of(&gvisor).gvisor);
        let mut emulated = seen();
        emulated.program = Some("qemu-x86_64-static".into());
        let said = Surroundings::of(&emulated).sentences().join("");
        assert!(said.contains("qemu-x86_64-static"), "{said}");
    }
}
