//! Decides which daemon.json is in use, from what is known of daemons and of the caller. Pure.

use std::path::PathBuf;

use anyhow::bail;

/// A daemon that was given a configuration file.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// The daemon's name and process id, in words.
    pub(super) daemon: String,
    /// The user that it runs as; `None` is root.
    pub(super) user: Option<u32>,
    pub(super) file: PathBuf,
}

/// A configuration file that may be in use, and why.
#[derive(Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// Why it is looked at, in words. `None` for the usual file.
    pub(super) why: Option<String>,
    /// Whether another one may be in use where this one does not exist.
    pub(super) may_be_missing: bool,
}

/// The files to look at, in their order, for a caller of this user id. The first that exists is
/// the one in use.
///
/// `own` is where a daemon of the caller's own would look, `usual` where the system's ones look, by
/// how they were installed, the packaged one first. Two daemons with two files are an error: nobody
/// can say which one is meant.
pub(super) fn choose(
    user: u32,
    given: &[Given],
    own: Option<PathBuf>,
    usual: &[PathBuf],
) -> anyhow::Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    if user != 0 {
        if let Some(file) = one_of(given, Some(user))? {
            return Ok(vec![file]);
        }
        candidates.extend(own.map(|path| Candidate {
            path,
            why: Some("it is this user's own".to_owned()),
            may_be_missing: true,
        }));
    }
    if let Some(file) = one_of(given, None)? {
        candidates.push(file);
        return Ok(candidates);
    }
    let of_no_daemon = |(place, path): (usize, &PathBuf)| Candidate {
        path: path.clone(),
        why: (place > 0).then(|| "no dockerd runs, and the usual file is missing".to_owned()),
        may_be_missing: true,
    };
    candidates.extend(usual.iter().enumerate().map(of_no_daemon));
    Ok(candidates)
}

/// The file that the daemons of this user were given.
fn one_of(given: &[Given], user: Option<u32>) -> anyhow::Result<Option<Candidate>> {
    let mut theirs = given.iter().filter(|given| given.user == user);
    let Some(first) = theirs.next() else {
        return Ok(None);
    };
    if let Some(other) = theirs.find(|other| other.file != first.file) {
        bail!(
            "{} uses {:?}, and {} uses {:?}; say which one is meant with --config",
            first.daemon,
            first.file,
            other.daemon,
            other.file
        );
    }
    Ok(Some(Candidate {
        path: first.file.clone(),
        why: Some(format!("{} was given it", first.daemon)),
        may_be_missing: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(user: Option<u32>, file: &str) -> Given {
        Given {
            daemon: format!("dockerd of {user:?}"),
            user,
            file: file.into(),
        }
    }

    #[track_caller]
    fn check(user: u32, given: &[Given], expected: &[&str]) {
        let own = Some("/home/u/.config/docker/daemon.json".into());
        let usual = ["/etc/docker/daemon.json", "/snap/daemon.json"].map(PathBuf::from);
        let found = choose(user, given, own, &usual).unwrap();
        let paths: Vec<_> = found.iter().map(|one| one.path.to_str().unwrap()).collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn the_one_that_a_daemon_was_given_comes_first() {
        let usual = "/etc/docker/daemon.json";
        let own = "/home/u/.config/docker/daemon.json";
        let system = given(None, "/srv/d.json");
        let mine = given(Some(1000), "/home/u/d.json");
        let of_other = given(Some(1001), "/home/o/d.json");
        let snap = "/snap/daemon.json";
        check(0, &[], &[usual, snap]);
        check(0, &[mine.clone(), of_other.clone()], &[usual, snap]);
        check(0, &[mine.clone(), system.clone()], &["/srv/d.json"]);
        check(0, &[system.clone(), system.clone()], &["/srv/d.json"]);
        check(1000, &[], &[own, usual, snap]);
        check(1000, &[of_other, system.clone()], &[own, "/srv/d.json"]);
        check(1000, &[system, mine], &["/home/u/d.json"]);
    }

    #[test]
    fn two_daemons_with_two_files_are_told() {
        let two = [given(None, "/a.json"), given(None, "/b.json")];
        let error = choose(0, &two, None, &["/usual".into()]).unwrap_err();
        assert!(error.to_string().contains("--config"), "{error}");
        assert!(error.to_string().contains("/b.json"), "{error}");
    }
}
