//! The client itself.
//!
//! apt brings signatures, retries and proxies; signatures and the index's date are
//! checked whatever the machine's own configuration says.

use super::{Mirrors, Stanza, failure, index};
use crate::arch::Arch;

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian's packages keep the keys of its archive; the second is the newer name.
const KEYRINGS: &[&str] = &[
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// apt with one suite.
pub(crate) struct Apt {
    configuration: PathBuf,
    suite: String,
}

impl Apt {
    /// Writes the private configuration below `directory` and fetches the
    /// suite's index, which must be signed. `expired`: it may be out of date.
    pub(crate) fn open(
        directory: &Path,
        suite: &str,
        mirrors: &Mirrors,
        expired: bool,
        arch: &Arch,
    ) -> Result<Self> {
        let directory = std::path::absolute(directory.join(suite))?;
        for name in ["lists/partial", "cache/archives/partial", "state"] {
            let path = directory.join(name);
            std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        let write = |name: &str, text: String| -> Result<PathBuf> {
            let path = directory.join(name);
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            Ok(path)
        };
        write("status", String::new())?;
        let line = source_line(suite, mirrors, &keyring()?, expired, arch);
        write("sources.list", line)?;
        let configuration = write("apt.conf", configuration(&directory, arch))?;
        let apt = Self {
            configuration,
            suite: suite.to_owned(),
        };
        apt.run("apt-get", &["--error-on=any", "-q", "update"], &|_| ())?;
        Ok(apt)
    }

    /// Everything the suite has.
    pub(crate) fn all(&self) -> Result<Vec<Stanza>> {
        Ok(index::parse(&self.run(
            "apt-cache",
            &["dumpavail"],
            &|_| (),
        )?))
    }

    /// Fetches one package into `directory`; `progress` hears of percents.
    pub(crate) fn download(
        &self,
        package: &str,
        version: &str,
        directory: &Path,
        progress: &dyn Fn(f64),
    ) -> Result<PathBuf> {
        let place = tempfile::tempdir_in(directory).context("making a place for the download")?;
        let wanted = format!("{package}={version}");
        let mut command = self.command("apt-get");
        command
            .args(["-o", "APT::Status-Fd=1", "-q", "download", &wanted])
            .current_dir(&place);
        self.wait(command, progress)?;
        let found = place.path().read_dir()?.flatten().map(|entry| entry.path());
        let Some(file) = found
            .into_iter()
            .find(|path| path.extension().is_some_and(|e| e == "deb"))
        else {
            bail!("apt-get download {wanted} left no file");
        };
        let kept = directory.join(file.file_name().expect("found in a directory"));
        std::fs::rename(&file, &kept).with_context(|| kept.display().to_string())?;
        Ok(kept)
    }

    /// Fetches packages with all that they depend on, as for an empty
    /// machine; gives the files.
    pub(crate) fn download_with_dependencies(&self, packages: &[&str]) -> Result<Vec<PathBuf>> {
        let mut arguments = vec![
            "-q",
            "-y",
            "--no-install-recommends",
            "--download-only",
            "install",
        ];
        arguments.extend(packages);
        self.run("apt-get", &arguments, &|_| ())?;
        let directory = self
            .configuration
            .parent()
            .context("the configuration has a directory")?;
        let entries = directory
            .join("cache/archives")
            .read_dir()
            .context("apt's archives")?;
        let files = entries.flatten().map(|entry| entry.path());
        Ok(files
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
            .collect())
    }

    /// Packages with all that they depend on, as for an empty machine, from the suite's index.
    pub(crate) fn with_dependencies(
        &self,
        packages: &[&str],
        index: &[Stanza],
    ) -> Result<Vec<Stanza>> {
        let mut arguments = vec!["-q", "-y", "-s", "--no-install-recommends", "install"];
        arguments.extend(packages);
        let text = self.run("apt-get", &arguments, &|_| ())?;
        let stanza = |(name, version): (&str, &str)| {
            let of_it = |stanza: &&Stanza| stanza.package == name && stanza.version == version;
            let found = index.iter().find(of_it).cloned();
            found.with_context(|| format!("{name} {version} is not in the index"))
        };
        installs(&text).into_iter().map(stanza).collect()
    }

    fn run(&self, program: &str, arguments: &[&str], progress: &dyn Fn(f64)) -> Result<String> {
        let mut command = self.command(program);
        command.args(arguments);
        self.wait(command, progress)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // -c wins over /etc/apt/apt.conf.d, the variable APT_CONFIG does not.
        command
            .arg("-c")
            .arg(&self.configuration)
            .env("LC_ALL", "C");
        command
    }

    fn wait(&self, mut command: Command, progress: &dyn Fn(f64)) -> Result<String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("{program}: this lane takes kernels from Debian's packages by apt")
            })?;
        let mut stderr = child.stderr.take().expect("asked for");
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = std::io::Read::read_to_string(&mut stderr, &mut text);
            text
        });
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().expect("asked for")).lines() {
            let line = line.with_context(|| format!("reading from {program}"))?;
            if let Some(percent) = percent(&line) {
                progress(percent);
            } else {
                text.push_str(&line);
                text.push('\n');
            }
        }
        let status = child
            .wait()
            .with_context(|| format!("waiting for {program}"))?;
        let complaints = complaints.join().unwrap_or_default();
        if !status.success() {
            bail!("{}", failure::explain(&self.suite, &complaints));
        }
        Ok(text)
    }
}

/// Name and version of `Inst NAME (VERSION …)` lines.
fn installs(text: &str) -> Vec<(&str, &str)> {
    let install = |line| {
        let (name, rest) = str::strip_prefix(line, "Inst ")?.split_once(" (")?;
        Some((name, rest.split(' ').next()?))
    };
    text.lines().filter_map(install).collect()
}

/// `dlstatus:1:20.0:Retrieving file…`
fn percent(line: &str) -> Option<f64> {
    line.strip_prefix("dlstatus:")?
        .split(':')
        .nth(1)?
        .parse()
        .ok()
}

fn keyring() -> Result<PathBuf> {
    let found = KEYRINGS
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file());
    found.context("no keys of Debian's archive: apt-get install debian-archive-keyring")
}

fn source_line(
    suite: &str,
    mirrors: &Mirrors,
    keyring: &Path,
    expired: bool,
    arch: &Arch,
) -> String {
    let base = if suite.ends_with("-security") {
        &mirrors.security
    } else {
        &mirrors.archive
    };
    let date = if expired { " check-valid-until=no" } else { "" };
    format!(
        "deb [arch={} target=Packages signed-by={}{date}] {base} {suite} main\n",
        arch.name,
        keyring.display()
    )
}

fn configuration(directory: &Path, arch: &Arch) -> String {
    let (d, arch) = (directory.display(), arch.name);
    format!(
        r##"// Made anew by each run.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::SourceList "{d}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{d}/state";
Dir::State::Lists "{d}/lists";
Dir::State::status "{d}/status";
Dir::Cache "{d}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
APT::Architecture "{arch}";
#clear APT::Architectures;
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "true";
Acquire::Check-Date "true";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Get::AllowUnauthenticated "false";
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{AMD64, I386};

    #[test]
    fn a_security_suite_comes_from_the_security_part() {
        let mirrors = Mirrors {
            archive: "http://a.test".into(),
            security: "http://s.test".into(),
        };
        let line = |suite| source_line(suite, &mirrors, Path::new("/k"), false, AMD64);
        assert!(line("trixie-security").contains("] http://s.test trixie-security main"));
        assert!(line("trixie-backports").contains("] http://a.test trixie-backports main"));
        assert!(line("trixie").contains("signed-by=/k"));
        assert!(!line("trixie").contains("valid-until"));
        let other = source_line("trixie", &mirrors, Path::new("/k"), false, I386);
        assert!(other.starts_with("deb [arch=i386 "), "{other}");
        let old = source_line("sid", &mirrors, Path::new("/k"), true, AMD64);
        assert!(old.contains("signed-by=/k check-valid-until=no]"), "{old}");
    }

    #[test]
    fn what_apt_would_install() {
        let text = "Reading package lists...\nInst libc6 (2.41-12 Debian:13/stable [amd64])\n\
            Inst runc (1.1.15+ds1-2+b4 Debian:13/stable [amd64]) []\nConf libc6 (2.41-12 x)\n";
        assert_eq!(
            installs(text),
            [("libc6", "2.41-12"), ("runc", "1.1.15+ds1-2+b4")]
        );
    }

    #[test]
    fn apts_status_lines() {
        assert_eq!(
            percent("dlstatus:1:20.5:Retrieving file 1 of 1"),
            Some(20.5)
        );
        assert_eq!(percent("Get:1 http://a.test"), None);
    }
}
