//! Mounts on which an engine itself works, such as those of a build: while it runs, no process
//! has to live on them.

use std::error::Error;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use daemon_host::engines::{Engine, Fate, Root, Rule, Shape};
use daemon_host::mountscan::Proc;
use daemon_host::rootmount::{self, Rules, Says, Statement, Testimony, Witness};

/// Says which engine runs or may run.
type Running = dyn Fn() -> Option<String> + Send + Sync;

/// The mounts of a root on which its engine works.
pub(crate) struct Work {
    shapes: Vec<Shape>,
    running: Box<Running>,
}

impl Work {
    /// For a root of this kind; `running` is asked at each look.
    pub(super) fn new(kind: &Root, running: Box<Running>) -> Self {
        let rules = kind.rules.iter().filter(|rule| rule.is_work);
        let shapes = rules.map(|rule| rule.shape.clone()).collect();
        Self { shapes, running }
    }

    /// For a data root of Docker, by the pid file, the lock and the sockets of its exec root.
    pub(crate) fn of_docker(exec_root: &Path, proc: &Proc) -> Self {
        let (exec_root, proc) = (exec_root.to_owned(), proc.clone());
        let running = move || rootmount::running_engine(&exec_root, &proc).may_run();
        Self::new(&data_root_of_docker(), Box::new(running))
    }
}

impl Witness for Work {
    fn name(&self) -> String {
        "the engine that works on mounts itself".to_owned()
    }

    fn testify(&self, root: &Path) -> Result<Statement, Box<dyn Error + Send + Sync>> {
        let table = rootmount::live_table()?;
        let points = table.under(root).filter_map(|row| {
            let below = row.mount_point().strip_prefix(root).ok()?.to_owned();
            let bytes = below.as_os_str().as_bytes();
            let is_work = self.shapes.iter().any(|shape| shape.matches(bytes));
            is_work.then_some(below)
        });
        let points: Vec<_> = points.collect();
        let mut statement = Statement::default();
        // To ask whether an engine runs costs more than to see that there is nothing to ask about.
        let running = (!points.is_empty()).then(|| (self.running)()).flatten();
        if let Some(engine) = running {
            let by = format!("{engine}, and may be working there; stop it, or say --none-live");
            let unknown = points
                .into_iter()
                .map(|below| Testimony::new(below, Says::Unknown, &by));
            statement.testimonies.extend(unknown);
        }
        Ok(statement)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("shapes", &self.shapes)
            .finish_non_exhaustive()
    }
}

/// Adds to rules what Docker mounts for builds, images and plugins. The rules themselves have
/// what it mounts for containers.
pub(crate) fn with_docker(rules: Rules) -> Result<Rules, rootmount::Error> {
    let data = data_root_of_docker();
    let is_further = |rule: &&Rule| {
        let text = rule.shape.as_str();
        rule.is_work || text.starts_with("plugins/") || text.contains("-init/")
    };
    let swept = data.rules.iter().filter(|rule| rule.fate == Fate::Sweep);
    let named = swept.filter(is_further).map(named);
    rules.with_named(named)
}

/// A rule as `rootmount` takes it: its name and its pattern.
pub(super) fn named(rule: &Rule) -> (String, String) {
    (rule.shape.to_string(), rule.shape.to_regex())
}

fn data_root_of_docker() -> Root {
    let docker = Engine::docker();
    let data = docker.root("data").cloned();
    data.expect("Docker has a data root")
}
