//! `runtimes list` and `runtimes check`: show the table and its problems.

use std::cell::RefCell;

use daemon_host::runtimes::{Problem, Runtime, RuntimeFault, Runtimes, UnknownKey};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value, json};

use super::args::{Loaded, TableArgs};
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
    let head = table_text(&seen.loaded.table);
    seen.show(&head, out)?;
    Ok(Exit::finding_if(!seen.loaded.inspected.problems.is_empty()))
}

pub(super) fn check(args: &CheckArgs, out: &Output) -> anyhow::Result<Exit> {
    let mut seen = Seen::of(&args.table, !args.config_only)?;
    if args.probe {
        seen.probe();
    }
    let is_sound = seen.loaded.inspected.problems.is_empty() && seen.faults.is_empty();
    let count = seen.loaded.table.iter().len();
    let head = match is_sound {
        true => format!("{count} runtimes, no problems\n"),
        false => String::new(),
    };
    seen.show(&head, out)?;
    Ok(Exit::finding_if(!is_sound))
}

/// The configuration, its table, and the faults of its runtimes.
struct Seen {
    loaded: Loaded,
    faults: Vec<RuntimeFault>,
}

impl Seen {
    fn of(args: &TableArgs, looks: bool) -> anyhow::Result<Self> {
        let loaded = args.load_and_tell()?;
        let faults = match looks {
            true => loaded.table.faults(),
            false => Vec::new(),
        };
        Ok(Self { loaded, faults })
    }

    /// Asks the runtimes that can start for their features.
    fn probe(&mut self) {
        self.loaded.table = self.loaded.table.probed();
        self.faults = self.loaded.table.faults();
    }

    fn show(&self, head: &str, out: &Output) -> std::io::Result<()> {
        if out.is_json() {
            return out.json(self);
        }
        out.text(head)?;
        out.text(&self.problems_text())
    }

    fn problems_text(&self) -> String {
        let mut shown = Table::without_heads();
        let mut problem = |kind: &str, message: &str| {
            let head = Cell::inked(Ink::Bad, "problem");
            shown.row([head, Cell::inked(Ink::Warn, kind), message.into()]);
        };
        for found in &self.loaded.inspected.problems {
            problem(found.kind.as_str(), &found.message);
        }
        for fault in &self.faults {
            problem(fault.kind.as_str(), &fault.to_string());
        }
        if let Some(found) = &self.loaded.found {
            let kind = Cell::inked(Ink::Dim, "configuration");
            shown.row([Cell::inked(Ink::Dim, "note"), kind, found.as_str().into()]);
        }
        if self.loaded.is_blank {
            let kind = Cell::inked(Ink::Warn, "configuration");
            let message = "the file is empty: a start takes every default, a reload refuses it";
            shown.row([Cell::inked(Ink::Warn, "note"), kind, message.into()]);
        }
        for key in &self.loaded.inspected.unknown {
            let kind = Cell::inked(Ink::Warn, "unknown-key");
            let message = unknown_text(key).into();
            shown.row([Cell::inked(Ink::Warn, "note"), kind, message]);
        }
        shown.render()
    }
}

/// Made row by row: a tree of a whole table takes many times the memory of its text.
impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let problems = self.loaded.inspected.problems.iter().map(problem_json);
        let faults = self.faults.iter().map(fault_json);
        let unknown = self.loaded.inspected.unknown.iter().map(unknown_json);
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("config_found", &self.loaded.found)?;
        map.serialize_entry("config_is_empty", &self.loaded.is_blank)?;
        map.serialize_entry("default", self.loaded.table.default_name())?;
        map.serialize_entry("problems", &Rows::new(problems.chain(faults)))?;
        map.serialize_entry(
            "runtimes",
            &Rows::new(self.loaded.table.iter().map(runtime_json)),
        )?;
        map.serialize_entry("unknown", &Rows::new(unknown))?;
        map.end()
    }
}

/// A list whose members are made when they are written.
struct Rows<I>(RefCell<Option<I>>);

impl<I> Rows<I> {
    fn new(rows: I) -> Self {
        Self(RefCell::new(Some(rows)))
    }
}

impl<I: Iterator<Item = Value>> Serialize for Rows<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

fn fault_json(fault: &RuntimeFault) -> Value {
    json!({
        "runtime": fault.runtime,
        "kind": fault.kind.as_str(),
        "message": fault.to_string(),
        "remedy": fault.remedy,
    })
}

fn unknown_json(key: &UnknownKey) -> Value {
    json!({ "runtime": key.runtime.as_deref(), "key": key.key, "nearest": key.nearest })
}

/// A name in quotes, without the end of a very long one.
fn shown(name: &str) -> String {
    match name.char_indices().nth(100) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", &name[..end]),
    }
}

/// A key that has no effect, in words.
pub(crate) fn unknown_text(key: &UnknownKey) -> String {
    let place = match &key.runtime {
        Some(runtime) => format!("runtime {}: {}", shown(runtime), shown(&key.key)),
        None => shown(&key.key),
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
        "runtime": problem.runtime.as_deref(),
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
