//! Says what may help after an error, by its cause.

use std::error::Error;
use std::io;

use daemon_host::mountscan::{self, ErrorKind, Proc, ProcRoot};
use nix::errno::Errno;
use nix::unistd::geteuid;

/// What may help against an error. `None` if nothing is known.
pub(crate) fn remedy(error: &(dyn Error + 'static)) -> Option<String> {
    let is_procfs = ProcRoot::open(&Proc::default()).is_ok();
    let words = decide(error, geteuid().is_root(), is_procfs)?;
    Some(words.to_owned())
}

/// Pure.
fn decide(error: &(dyn Error + 'static), is_root: bool, is_procfs: bool) -> Option<&'static str> {
    if !is_procfs && any(error, |error| error.to_string().contains("/proc")) {
        return Some("mount a procfs: mount -t proc proc /proc");
    }
    let is_covered = |error: &(dyn Error + 'static)| {
        let error = error.downcast_ref::<mountscan::Error>();
        error.is_some_and(|error| error.kind() == ErrorKind::Untrusted)
    };
    if any(error, is_covered) {
        return Some("look at what is mounted below /proc, and unmount what is not procfs");
    }
    let is = |wanted: &[Errno]| {
        any(error, |error| {
            let code = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::raw_os_error);
            let code = code
                .map(Errno::from_raw)
                .or(error.downcast_ref::<Errno>().copied());
            code.is_some_and(|code| wanted.contains(&code))
        })
    };
    if is(&[Errno::EPERM, Errno::EACCES]) {
        return Some(match is_root {
            false => "run it as root",
            true => {
                "root may not do this here: look at the capabilities and the sandbox of this process"
            }
        });
    }
    is(&[Errno::ENOTCONN, Errno::ESTALE, Errno::EHOSTDOWN]).then_some(
        "the server of the mount there is gone: start it again, or detach the mount (umount --lazy)",
    )
}

/// Whether an error or one of its causes is of a kind.
fn any(error: &(dyn Error + 'static), is_it: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if is_it(error) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        code: Errno,
        context: &'static str,
        is_root: bool,
        is_procfs: bool,
    ) -> Option<&'static str> {
        let error = anyhow::Error::new(io::Error::from(code)).context(context);
        decide(error.as_ref(), is_root, is_procfs)
    }

    #[test]
    fn the_remedy_fits_the_cause() {
        assert_eq!(
            of(Errno::EACCES, "open(\"/x\")", false, true),
            Some("run it as root")
        );
        let root = of(Errno::EPERM, "setns", true, true).unwrap();
        assert!(
            !root.contains("as root") && root.contains("capabilities"),
            "{root}"
        );
        let dead = of(Errno::ENOTCONN, "stat(\"/x\")", true, true).unwrap();
        assert!(dead.contains("server"), "{dead}");
        assert_eq!(of(Errno::ENOENT, "open(\"/x\")", true, true), None);
        assert_eq!(of(Errno::ENOENT, "open(\"/proc/1/x\")", true, true), None);
        let empty = of(Errno::ENOENT, "open(\"/proc/self/x\")", true, false).unwrap();
        assert!(empty.contains("mount -t proc"), "{empty}");
    }
}
