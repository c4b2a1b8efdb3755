//! Which mirror this machine takes Debian's packages from.
//!
//! Read from apt's own configuration, in both of its formats, so that no
//! mirror's address stands in this repository and a local mirror is used where one is set.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Base addresses of the archive and of its security part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirrors {
    pub(crate) archive: String,
    pub(crate) security: String,
}

/// One source of binary packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: String,
}

const CODENAMES: &[&str] = &[
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

impl Mirrors {
    /// From `--mirror`: the archive's address; its security part is its
    /// sibling, as on Debian's own hosts.
    pub(crate) fn from_url(url: &str) -> Result<Self> {
        let archive = url.trim_end_matches('/');
        if !["http://", "https://", "file:"]
            .iter()
            .any(|scheme| archive.starts_with(scheme))
        {
            bail!("--mirror {url}: give the archive's address, as http://HOST/debian");
        }
        Ok(Self {
            archive: archive.to_owned(),
            security: format!("{archive}-security"),
        })
    }

    /// From the machine's configuration; `etc` is `/etc/apt` but in tests.
    pub(crate) fn from_machine(etc: &Path) -> Result<Self> {
        let mut entries = Vec::new();
        for (path, text) in files(etc)? {
            if path.ends_with(".sources") {
                entries.extend(deb822(&text));
            } else {
                entries.extend(text.lines().filter_map(one_line));
            }
        }
        choose(&entries).with_context(|| {
            format!(
                "no Debian archive in {} (sources.list, sources.list.d): name one with --mirror URL",
                etc.display()
            )
        })
    }
}

fn files(etc: &Path) -> Result<Vec<(String, String)>> {
    let mut paths = vec![etc.join("sources.list")];
    if let Ok(directory) = etc.join("sources.list.d").read_dir() {
        paths.extend(directory.flatten().map(|entry| entry.path()));
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        if path.is_file() && (name.ends_with(".list") || name.ends_with(".sources")) {
            let bytes = std::fs::read(&path).with_context(|| name.clone())?;
            files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(files)
}

/// `deb [options] URI SUITE COMPONENT…`
fn one_line(line: &str) -> Option<Entry> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb")?;
    let mut rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let mut entry = Entry::default();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, tail) = options.split_once(']')?;
        let signed = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="));
        entry.signed_by = signed.unwrap_or_default().to_owned();
        rest = tail;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    entry.uris.push(words.next()?);
    entry.suites.push(words.next()?);
    entry.components.extend(words);
    Some(entry)
}

/// Stanzas of `Key: value` lines parted by blank lines.
fn deb822(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for stanza in text.split("\n\n") {
        let (mut entry, mut binary, mut enabled) = (Entry::default(), false, true);
        for (key, value) in fields(stanza) {
            let words = || {
                value
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            match key.to_ascii_lowercase().as_str() {
                "types" => binary = words().iter().any(|word| word == "deb"),
                "uris" => entry.uris = words(),
                "suites" => entry.suites = words(),
                "components" => entry.components = words(),
                "signed-by" => entry.signed_by = value.trim().to_owned(),
                "enabled" => enabled = !["no", "false", "0"].contains(&value.trim()),
                _ => {}
            }
        }
        if binary && enabled && !entry.uris.is_empty() {
            entries.push(entry);
        }
    }
    entries
}

/// The fields of a stanza, continuation lines joined.
fn fields(stanza: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in stanza.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

/// Debian's own entries among all; others may use its suite names too.
fn choose(entries: &[Entry]) -> Option<Mirrors> {
    let best = |security: bool| {
        let ours = entries.iter().filter(|entry| {
            entry.components.iter().any(|component| component == "main")
                && entry
                    .suites
                    .iter()
                    .any(|suite| is_debian_suite(suite, security))
        });
        // Equal ranks: the first one, as apt itself reads them in this order.
        ours.rev()
            .max_by_key(|entry| rank(entry))
            .and_then(|entry| entry.uris.first())
    };
    let archive = best(false)?.trim_end_matches('/').to_owned();
    let security = match best(true) {
        Some(uri) => uri.trim_end_matches('/').to_owned(),
        None => format!("{archive}-security"),
    };
    Some(Mirrors { archive, security })
}

fn rank(entry: &Entry) -> u8 {
    let named = entry.signed_by.contains("debian-archive");
    let path = entry
        .uris
        .iter()
        .any(|uri| uri.trim_end_matches('/').contains("/debian"));
    u8::from(named) * 2 + u8::from(path)
}

fn is_debian_suite(suite: &str, security: bool) -> bool {
    let suite = suite.trim_end_matches('/');
    let (codename, rest) = suite.split_once(['-', '/']).unwrap_or((suite, ""));
    let is_security = rest == "security" || rest == "updates" && suite.contains('/');
    let known = ["", "security", "updates", "backports", "proposed-updates"].contains(&rest);
    CODENAMES.contains(&codename) && known && is_security == security
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn machine(files: &[(&str, &str)]) -> Option<Mirrors> {
        let etc = tempfile::tempdir().unwrap();
        std::fs::create_dir(etc.path().join("sources.list.d")).unwrap();
        for (name, text) in files {
            std::fs::write(etc.path().join(name), text).unwrap();
        }
        Mirrors::from_machine(etc.path()).ok()
    }

    fn mirrors(archive: &str, security: &str) -> Option<Mirrors> {
        Some(Mirrors {
            archive: archive.into(),
            security: security.into(),
        })
    }

    #[test]
    fn the_new_format() {
        let text = "# a comment\nTypes: deb\n# old: http://x.test\nURIs: http://m.test/debian\n\
            Suites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb deb-src\n\
            URIs:\n http://s.test/debian-security/\nSuites: bookworm-security\nComponents: main\n";
        assert_eq!(
            machine(&[("sources.list.d/debian.sources", text)]),
            mirrors("http://m.test/debian", "http://s.test/debian-security")
        );
    }

    #[test]
    fn the_old_format_and_what_is_switched_off() {
        let list = "deb-src http://src.test/debian trixie main\n\
            # deb http://off.test/debian trixie main\n\
            deb [arch=amd64 signed-by=/k.gpg] https://m.test/debian trixie main contrib # here\n\
            deb https://m.test/sec trixie-security main\n";
        let off = "Types: deb\nEnabled: no\nURIs: http://no.test/debian\nSuites: trixie\n\
            Components: main\n";
        assert_eq!(
            machine(&[("sources.list", list), ("sources.list.d/a.sources", off)]),
            mirrors("https://m.test/debian", "https://m.test/sec")
        );
    }

    #[test]
    fn others_that_use_debians_suite_names_lose() {
        let list = "deb https://tool.test/apt bookworm main\n\
            deb https://docker.test/linux/debian bookworm stable\n\
            deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.test/deb bookworm main\n";
        assert_eq!(
            machine(&[("sources.list", list)]),
            mirrors("http://m.test/deb", "http://m.test/deb-security")
        );
    }

    #[test]
    fn a_machine_without_debian_is_told_the_remedy() {
        let list = "deb http://u.test/ubuntu noble main\ndeb http://n.test/n nodistro main\n";
        assert_eq!(machine(&[("sources.list", list)]), None);
        let nowhere = tempfile::tempdir().unwrap();
        let error = Mirrors::from_machine(nowhere.path()).unwrap_err();
        assert!(format!("{error:#}").contains("--mirror"), "{error:#}");
    }

    #[test]
    fn a_mirror_given_by_hand() {
        assert_eq!(
            Mirrors::from_url("http://m.test/debian/").ok(),
            mirrors("http://m.test/debian", "http://m.test/debian-security")
        );
        assert!(Mirrors::from_url("m.test/debian").is_err());
    }
}
