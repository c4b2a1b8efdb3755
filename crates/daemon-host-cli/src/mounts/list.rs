//! `mounts list` and `mounts tree`: show the rows of a mount table.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use daemon_host::mountscan::{
    Error, ErrorKind, Extent, MalformedRow, MountList, MountTable, ReadOptions, Row, Source,
};

use nix::libc::{EINVAL, ENOTTY};

use super::foreign::{MARK, line_ends, looks_like};
use super::path::settle;
use super::table_text::{extent_text, malformed_text, to_text};
use super::tree;
use crate::exit::Exit;
use crate::input::{Stream, look};
use crate::output::{Output, count, shown};
use crate::place::no_process;

/// How much of a file is read to say what it looks like.
const HEAD: usize = 64 << 10;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A malformed row loses no other row: it is listed with its line number and reason.
An idmapped mount is shown with its id maps, as STORED:SEEN:COUNT (Linux 6.18).

Examples:
  daemon-host mounts list --under /var/lib/docker
  daemon-host mounts list --at /mnt --json       stacked mounts, bottom to top
  daemon-host mounts list --file mountinfo.txt --strict
  daemon-host mounts list --newest 10            what was mounted last
  daemon-host mounts list --namespace /proc/PID/fd/N
  daemon-host mounts list --tree")]
pub(crate) struct Args {
    /// Only mounts at or below this path, by whole path components.
    #[arg(long, value_name = "PATH")]
    under: Option<PathBuf>,

    /// Only mounts exactly at this path, bottom to top.
    #[arg(long, value_name = "PATH", conflicts_with = "under")]
    at: Option<PathBuf>,

    /// The table of this process's mount namespace.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,

    /// The table of a mount namespace, by its file: /proc/PID/ns/mnt, a bind of it, or
    /// /proc/PID/fd/N.
    #[arg(long, value_name = "FILE", conflicts_with = "pid")]
    namespace: Option<PathBuf>,

    /// A captured table; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pid", "namespace"])]
    file: Option<PathBuf>,

    /// Only the newest N mounts, the newest last; the rest of the table is not read (Linux 6.13).
    #[arg(long, value_name = "N", conflicts_with_all = ["pid", "namespace", "file", "strict"])]
    newest: Option<usize>,

    /// Refuse a table with a malformed row (exit code 2).
    #[arg(long)]
    strict: bool,

    /// Draw the tree of mounts.
    #[arg(long)]
    tree: bool,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    show(args, args.tree, out)
}

/// `mounts tree`.
pub(crate) fn run_as_tree(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    show(args, true, out)
}

fn show(args: &Args, as_tree: bool, out: &Output) -> anyhow::Result<Exit> {
    let table = args.table()?;
    let rows = args.rows(&table)?;
    let extent = args.extent(&table);
    if out.is_json() {
        out.json(&Listing {
            rows: &rows,
            malformed: table.malformed(),
            extent: extent.as_str(),
        })?;
        return Ok(Exit::Fine);
    }
    if as_tree {
        out.text(&tree::draw(&table, &rows))?;
        out.text(&malformed_text(&table))?;
    } else {
        out.text(&to_text(&rows))?;
        out.text(&malformed_text(&table))?;
        out.text(&args.nothing_there(&table, &rows)?)?;
    }
    if args.newest.is_none() {
        out.text(&extent_text(extent, args.pid))?;
    }
    Ok(Exit::Fine)
}

impl Args {
    fn table(&self) -> anyhow::Result<MountTable> {
        let table = match (&self.file, self.newest) {
            (Some(file), _) => read_table(file)?,
            (None, Some(count)) => MountList::newest(count)?.table()?,
            (None, None) => self.live_table()?,
        };
        match table.malformed().first() {
            Some(row) if self.strict => {
                anyhow::bail!("line {}: {}", row.line, row.reason);
            }
            _ => Ok(table),
        }
    }

    /// A table of this kernel, with the id maps if the kernel tells them.
    fn live_table(&self) -> anyhow::Result<MountTable> {
        let mut options = ReadOptions::new();
        options.id_maps = true;
        let namespace = self.namespace.as_deref().map(open_namespace).transpose()?;
        let source = match (&namespace, self.pid) {
            (Some(file), _) => Source::Namespace(file.as_fd()),
            (None, Some(pid)) => Source::Pid(pid),
            (None, None) => Source::Thread,
        };
        let table = MountTable::read(source, &options);
        table.map_err(|error| explain(error, self.pid, self.namespace.as_deref()))
    }

    /// How much of its mount namespace the table shows. For a captured table that is unknown.
    fn extent(&self, table: &MountTable) -> Extent {
        match self.newest {
            Some(_) => Extent::Part,
            None => table.extent(),
        }
    }

    fn rows<'t>(&self, table: &'t MountTable) -> anyhow::Result<Vec<Row<'t>>> {
        Ok(match (&self.under, &self.at) {
            (Some(under), _) => table.under(&self.settled(under, table)?).collect(),
            (None, Some(at)) => table.at(&self.settled(at, table)?),
            (None, None) => table.rows().collect(),
        })
    }

    /// What to say if there are no mounts at a path: on which mount it is.
    fn nothing_there(&self, table: &MountTable, rows: &[Row<'_>]) -> anyhow::Result<String> {
        let Some(path) = self
            .at
            .as_ref()
            .or(self.under.as_ref())
            .filter(|_| rows.is_empty())
        else {
            return Ok(String::new());
        };
        let path = self.settled(path, table)?;
        if let Some(newest) = self.newest {
            let at = match self.at {
                Some(_) => "at",
                None => "at or below",
            };
            let path = shown(&path);
            return Ok(format!("none of the newest {newest} is {at} {path}\n"));
        }
        let below = table.under(&path).len();
        let below = match self.at.is_some() && below > 0 {
            true => count(below, "mount is below it", "mounts are below it"),
            false => "no mount is below it".to_owned(),
        };
        let on = table.mount_of(&path).map(|row| {
            let (point, fs_type) = (row.mount_point(), row.fs_type());
            format!(
                "; it is on {} ({})",
                shown(&point),
                fs_type.to_string_lossy()
            )
        });
        let (path, on) = (shown(&path), on.unwrap_or_default());
        Ok(format!("{path} is not a mount point, and {below}{on}.\n"))
    }

    /// The path without links, if the table is of this namespace. If the table has rows at the
    /// path, the path is good as it is, even if nothing is there any more.
    fn settled(&self, path: &Path, table: &MountTable) -> anyhow::Result<PathBuf> {
        // In another namespace a link of ours may lead elsewhere, or not exist.
        let is_here = self.file.is_none() && self.pid.is_none() && self.namespace.is_none();
        if !is_here || (path.is_absolute() && table.under(path).len() > 0) {
            return Ok(path.to_owned());
        }
        settle(path, table)
    }
}

/// Opens the file of a mount namespace.
pub(super) fn open_namespace(file: &Path) -> anyhow::Result<File> {
    let opened = look(file, |file| File::open(file))?;
    opened.with_context(|| format!("open({file:?})"))
}

/// Says what is wrong with a process or a file that somebody named.
pub(super) fn explain(error: Error, pid: Option<u32>, namespace: Option<&Path>) -> anyhow::Error {
    // ENOTTY: the file is not one of a namespace. EINVAL: its namespace is of another kind.
    let is_other = matches!(error.raw_os_error(), Some(ENOTTY | EINVAL));
    match (pid, namespace) {
        (Some(pid), _) if error.kind() == ErrorKind::NotFound => no_process(pid),
        (_, Some(file)) if is_other => anyhow!("{file:?} is not the file of a mount namespace"),
        _ => error.into(),
    }
}

/// A captured table from a file or, for `-`, from standard input.
///
/// # Errors
///
/// When it cannot be read, when it has no row of mountinfo, and when its rows do not end as the
/// kernel ends them: then most of them would be taken for a part of another one.
pub(crate) fn read_table(file: &Path) -> anyhow::Result<MountTable> {
    let (name, source): (String, Box<dyn Read>) = if file == Path::new("-") {
        ("standard input".into(), Box::new(io::stdin().lock()))
    } else {
        (format!("{file:?}"), Box::new(Stream::open(file)?))
    };
    let mut source = BufReader::with_capacity(HEAD, source);
    // Kept before the rows are read, since a stream cannot be read twice.
    let head = source
        .fill_buf()
        .with_context(|| format!("read {name}"))?
        .to_vec();
    let head = match head.strip_prefix(MARK) {
        Some(text) => {
            source.consume(MARK.len());
            text
        }
        None => &head,
    };
    let table = MountTable::from_reader(source).with_context(|| format!("read {name}"))?;
    if table.is_empty() {
        let is_blank = table.malformed_count() == 0 || head.trim_ascii().is_empty();
        ensure!(
            !is_blank,
            "{name} is empty; every mount namespace has a mount"
        );
        bail!("{name} looks like {}", looks_like(head));
    }
    match line_ends(&table) {
        Some(said) => bail!("{name} looks like {said}"),
        None => Ok(table),
    }
}

/// What `--json` prints. It is written row by row, because a table may have a million rows.
#[derive(serde::Serialize)]
struct Listing<'t> {
    rows: &'t [Row<'t>],
    malformed: &'t [MalformedRow],
    extent: &'static str,
}
