//! `runtimes list` and `runtimes check`: the table and its problems.

use daemon_host::runtimes::{Inspected, Problem, Runtime, Runtimes, UnknownKey};
use serde_json::{Map, Value, json};

use super::TableArgs;
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, path_fields};

pub(super) fn list(args: &TableArgs, out: &Output) -> anyhow::Result<Exit> {
    show(args, out, |_, table| table_text(table))
}

pub(super) fn check(args: &TableArgs, out: &Output) -> anyhow::Result<Exit> {
    show(
        args,
        out,
        |inspected, table| match &inspected.problems[..] {
            [] => format!("{} runtimes, no problems\n", table.iter().len()),
            _ => String::new(),
        },
    )
}

fn show(
    args: &TableArgs,
    out: &Output,
    head: fn(&Inspected, &Runtimes) -> String,
) -> anyhow::Result<Exit> {
    let (inspected, table) = args.load()?;
    if out.is_json() {
        out.json(&to_json(&inspected, &table))?;
    } else {
        out.text(&head(&inspected, &table))?;
        out.text(&problems_text(&inspected))?;
    }
    Ok(Exit::finding_if(!inspected.problems.is_empty()))
}

fn to_json(inspected: &Inspected, table: &Runtimes) -> Value {
    json!({
        "default": table.default_name(),
        "runtimes": table.iter().map(runtime_json).collect::<Vec<_>>(),
        "problems": inspected.problems.iter().map(problem_json).collect::<Vec<_>>(),
        "unknown": inspected.unknown.iter().map(unknown_json).collect::<Vec<_>>(),
    })
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

fn problems_text(inspected: &Inspected) -> String {
    let mut shown = Table::without_heads();
    for problem in &inspected.problems {
        let kind = Cell::inked(Ink::Warn, problem.kind.as_str());
        let message = problem.message.as_str().into();
        shown.row([Cell::inked(Ink::Bad, "problem"), kind, message]);
    }
    for key in &inspected.unknown {
        let message = unknown_text(key);
        let kind = Cell::inked(Ink::Warn, "unknown-key");
        shown.row([Cell::inked(Ink::Warn, "note"), kind, message.into()]);
    }
    shown.render()
}
