//! Unmounts everything at and below a path.

use std::io;
use std::path::{Path, PathBuf};

use mountscan::{MountTable, Row};

use crate::cleanup::execute::execute;
use crate::cleanup::options::ExecuteOptions;
use crate::cleanup::report::CleanupReport;
use crate::error::{Error, ErrorKind};
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::layer_map::LayerMap;
use crate::mount::MountRef;
use crate::path_text::shown;
use crate::plan::cleanup_plan::{CleanupPlan, RootAction, RootDecision, Step};
use crate::plan::reach::Reach;
use crate::table::live_table;
use crate::unmount::options::Detach;

/// How a tree of mounts is unmounted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TreeOptions {
    /// Whether a mount that stays busy may be detached lazily.
    pub detach: Detach,
    /// Whether requests that wait for the server of a filesystem are ended with an error
    /// (`MNT_FORCE`). Use it if the server is gone. It affects every mount of that filesystem.
    pub force: bool,
    /// Whether a link at the end of the path is not followed. Links before it always are.
    pub no_follow: bool,
}

impl TreeOptions {
    /// The defaults: lazily when busy, not by force, links followed.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do with a mount that stays busy.
    pub fn detach(mut self, detach: Detach) -> Self {
        self.detach = detach;
        self
    }

    /// Ends requests that wait for a server.
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Does not follow a link at the end of the path.
    pub fn no_follow(mut self, no_follow: bool) -> Self {
        self.no_follow = no_follow;
        self
    }
}

/// Unmounts everything that is mounted at and below a path, the path itself included.
///
/// Links in the path are resolved once. A relative path begins at the working directory. Mounts
/// that cover each other go from the top. Each is checked by its identity, as in
/// [`execute`](crate::execute()). If nothing is mounted, or the path does not exist, the report
/// has no steps.
///
/// It looks at no rules and at no evidence: it unmounts everything there. To clean up after
/// containers, make a [plan](crate::plan()).
///
/// # Errors
///
/// [`ErrorKind::BadRoot`] if the path is `/` or cannot be resolved; [`ErrorKind::Table`] if the
/// mount table cannot be read. What happens to single mounts is in the report;
/// [`CleanupReport::into_result`] returns an error if a mount is left.
///
/// # Examples
///
/// ```no_run
/// use rootmount::{TreeOptions, unmount_tree};
///
/// unmount_tree("/run/bundle/rootfs", &TreeOptions::new())?.into_result()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # References
///
/// umount(2).
pub fn unmount_tree(path: impl AsRef<Path>, options: &TreeOptions) -> Result<CleanupReport, Error> {
    let path = resolve(path.as_ref(), options.no_follow)?;
    let table = live_table()?;
    let mut execution = ExecuteOptions::new();
    execution.detach = options.detach;
    execution.force = options.force;
    execute(&plan_tree(&table, &path)?, &execution)
}

/// Every mount at and below a path, the deepest first.
fn plan_tree(table: &MountTable, path: &Path) -> Result<CleanupPlan, Error> {
    // The base is the directory above: a descriptor on the path itself would keep its mount
    // busy.
    let base = path.parent().ok_or_else(|| {
        let text = format!("{:?} is the root directory", shown(path));
        Error::new(ErrorKind::BadRoot, text).at(path)
    })?;
    let reach = Reach::below(table, path);
    let rule = format!("at or below {}", shown(path));
    let step = |row: Row<'_>| Step {
        mount: MountRef::from(row),
        parent_id: row.parent_id(),
        fs_type: row.fs_type().into_owned(),
        rule: rule.clone(),
        hidden: false,
        container: None,
        namespace: None,
        spreads: false,
    };
    let rows: Vec<Row<'_>> = table.under(path).collect();
    let ordered = table.deepest_first(rows);
    let steps = ordered.into_iter().map(|row| Step {
        hidden: reach.is_hidden(row),
        ..step(row)
    });
    Ok(CleanupPlan {
        root: base.to_path_buf(),
        steps: steps.collect(),
        kept: Vec::new(),
        root_decision: RootDecision {
            action: RootAction::None,
            reason: "no data root is concerned".to_owned(),
        },
        contradictions: Vec::new(),
        layers: LayerMap::new(),
    })
}

/// How many links are followed at most. The kernel has the same limit.
const LINK_LIMIT: usize = 40;

/// Resolves the links of a path. It does not look into the mount at its end. A path that does
/// not exist stays as it is.
fn resolve(path: &Path, no_follow: bool) -> Result<PathBuf, Error> {
    let asked = path.to_path_buf();
    let resolved = within(ANSWER_LIMIT, move || resolve_links(&asked, no_follow));
    resolved
        .ok_or_else(|| Error::no_answer("canonicalize", path))?
        .map_err(|e| {
            let text = format!("canonicalize({:?})", shown(path));
            Error::new(ErrorKind::BadRoot, text).at(path).because(e)
        })
}

fn resolve_links(path: &Path, no_follow: bool) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..LINK_LIMIT {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            // It ends in `..`, or is the root.
            return std::fs::canonicalize(path);
        };
        let parent = match std::fs::canonicalize(parent) {
            // Nothing can be mounted there, so the plan is empty.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(path),
            parent => parent?,
        };
        let last = parent.join(name);
        // Not `canonicalize` for the whole path: that would look into the mount at its end, and
        // its server may be gone.
        match std::fs::read_link(&last) {
            Ok(target) if !no_follow => path = parent.join(target),
            _ => return Ok(last),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}
