//! `runtimes list` and `runtimes check`: show the table and its problems.

use daemon_host::runtimes::{Inspected, Problem, ResolveError, Runtime, Runtimes, UnknownKey};
use serde_json::{Map, Value, json};

use super::args::TableArgs;
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, path_fields};

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    table: TableArgs,

    /// Check the text alone, not whether the programs can start here: for a file that is
    /// meant for another host.
    #[arg(long)]
    config_only: bool,

    /// Ask each runtime for its features, too, and tell what goes wrong.
    #[arg(long, conflicts_with = "config_only")]
    probe: bool,
}

pub(super) fn list(args: &TableArgs, out: &Output) -> anyhow::Result<Exit> {
    let seen = Seen::of(args, true)?;
    let head = table_text(&seen.table);
    seen.show(&head, out)?;
    Ok(Exit::finding_if(!seen.inspected.problems.is_empty()))
}

pub(super) fn check(args: &CheckArgs, out: &Output) -> anyhow::Result<Exit> {
    let mut seen = Seen::of(&args.table, !args.config_only)?;
    if args.probe {
        seen.probe();
    }
    let is_sound = seen.inspected.problems.is_empty() && seen.faults.is_empty();
    let count = seen.table.iter().len();
    let head = match is_sound {
        true => format!("{count} runtimes, no problems\n"),
        false => String::new(),
    };
    seen.show(&head, out)?;
    Ok(Exit::finding_if(!is_sound))
}

/// The configuration, its table, and the faults of its runtimes.
struct Seen {
    inspected: Inspected,
    table: Runtimes,
    faults: Vec<Fault>,
}

/// Why a runtime cannot work here, although its entry is sound.
struct Fault {
    runtime: String,
    kind: &'static str,
    message: String,
}

impl Seen {
    fn of(args: &TableArgs, looks: bool) -> anyhow::Result<Self> {
        let (inspected, table) = args.load()?;
        let faults = if looks { faults(&table) } else { Vec::new() };
        let fault = |error: ResolveError| Fault {
            runtime: error.runtime().to_owned(),
            kind: error.kind(),
            message: error.to_string(),
        };
        Ok(Self {
            faults: faults.into_iter().map(fault).collect(),
            inspected,
            table,
        })
    }

    /// Asks the runtimes that have no known fault yet.
    fn probe(&mut self) {
        let probed = self.table.probed();
        let known: Vec<&str> = self
            .faults
            .iter()
            .map(|fault| fault.runtime.as_str())
            .collect();
        let rows = probed
            .iter()
            .filter(|row| !row.stock && !known.contains(&row.name.as_str()));
        let found = rows.filter_map(|row| {
            Some(Fault {
                runtime: row.name.clone(),
                kind: "probe",
                message: format!("runtime {:?}: {}", row.name, row.features.fault()?),
            })
        });
        let found: Vec<Fault> = found.collect();
        self.faults.extend(found);
    }

    fn show(&self, head: &str, out: &Output) -> std::io::Result<()> {
        if out.is_json() {
            return out.json(&self.to_json());
        }
        out.text(head)?;
        out.text(&self.problems_text())
    }

    fn to_json(&self) -> Value {
        let problems = self.inspected.problems.iter().map(problem_json);
        let faults = self.faults.iter().map(Fault::to_json);
        json!({
            "default": self.table.default_name(),
            "runtimes": self.table.iter().map(runtime_json).collect::<Vec<_>>(),
            "problems": problems.chain(faults).collect::<Vec<_>>(),
            "unknown": self.inspected.unknown.iter().map(unknown_json).collect::<Vec<_>>(),
        })
    }

    fn problems_text(&self) -> String {
        let mut shown = Table::without_heads();
        let mut problem = |kind: &str, message: &str| {
            let head = Cell::inked(Ink::Bad, "problem");
            shown.row([head, Cell::inked(Ink::Warn, kind), message.into()]);
        };
        for found in &self.inspected.problems {
            problem(found.kind.as_str(), &found.message);
        }
        for fault in &self.faults {
            problem(fault.kind, &fault.message);
        }
        for key in &self.inspected.unknown {
            let kind = Cell::inked(Ink::Warn, "unknown-key");
            let message = unknown_text(key).into();
            shown.row([Cell::inked(Ink::Warn, "note"), kind, message]);
        }
        shown.render()
    }
}

/// The configured runtimes that cannot start, and the default one, also if it is built in: a
/// container that names no runtime gets it.
pub(crate) fn faults(table: &Runtimes) -> Vec<ResolveError> {
    let mut faults = table.cannot_start();
    let default = table.default_name();
    if !faults.iter().any(|fault| fault.runtime() == default) {
        let found = table.preflight(default).err();
        // An unknown name is a problem of the configuration.
        faults.extend(found.filter(|fault| matches!(fault, ResolveError::Preflight { .. })));
    }
    faults
}

impl Fault {
    fn to_json(&self) -> Value {
        json!({ "runtime": self.runtime, "kind": self.kind, "message": self.message })
    }
}

fn unknown_json(key: &UnknownKey) -> Value {
    json!({ "runtime": key.runtime, "key": key.key, "nearest": key.nearest })
}

/// A key that has no effect, in words.
pub(crate) fn unknown_text(key: &UnknownKey) -> String {
    let place = match &key.runtime {
        Some(runtime) => format!("runtime {runtime:?}: {:?}", key.key),
        None => format!("{:?}", key.key),
    };
    match key.nearest {
        Some(nearest) => format!("{place} has no effect; perhaps {nearest:?} is meant"),
        None => format!("{place} has no effect"),
    }
}

fn runtime_json(runtime: &Runtime) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), runtime.name.as_str().into());
    object.insert("kind".into(), runtime.kind.as_str().into());
    object.insert("shim".into(), runtime.shim.as_str().into());
    for (field, path) in [("binary", &runtime.binary), ("script", &runtime.script)] {
        match path {
            Some(path) => path_fields(&mut object, field, path),
            None => _ = object.insert(field.into(), Value::Null),
        }
    }
    object.insert("stock".into(), runtime.stock.into());
    object.into()
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "runtime": problem.runtime,
        "kind": problem.kind.as_str(),
        "message": problem.message,
    })
}

fn table_text(table: &Runtimes) -> String {
    let mut shown = Table::new(&["NAME", "KIND", "SHIM", "BINARY", "ARGUMENTS"]);
    for runtime in table.iter() {
        let mark = if runtime.name == table.default_name() {
            " (default)"
        } else {
            ""
        };
        let args: Vec<_> = runtime
            .args
            .iter()
            .map(|arg| arg.to_string_lossy())
            .collect();
        shown.row([
            format!("{}{mark}", runtime.name).into(),
            runtime.kind.as_str().into(),
            Cell::inked(Ink::Dim, &runtime.shim),
            runtime
                .binary
                .as_ref()
                .map_or("-".into(), |path| path.to_string_lossy().as_ref().into()),
            args.join(" ").into(),
        ]);
    }
    shown.render()
}
