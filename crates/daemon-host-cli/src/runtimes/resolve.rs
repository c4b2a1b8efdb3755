//! `runtimes resolve`: says what the daemon would run for a name.

use std::path::Path;

use daemon_host::runtimes::{OptionValue, ResolveError, ResolvedRuntime, ShimOptions};
use serde_json::{Map, Value, json};

use super::args::{TableArgs, ensure_answers};
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table, paint, path_fields, text_fields};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when the name is unknown, or its program could not start.

Examples:
  daemon-host runtimes resolve runc
  daemon-host runtimes resolve ''                 the default runtime
  daemon-host runtimes resolve nvidia --json")]
pub(crate) struct Args {
    /// The runtime's name; an empty string is the default runtime.
    name: String,

    #[command(flatten)]
    table: TableArgs,
}

pub(super) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let (inspected, table) = args.table.load()?;
    let problems: Vec<_> = inspected.problems.iter().map(ToString::to_string).collect();
    anyhow::ensure!(
        problems.is_empty(),
        "the configuration has problems: {}",
        problems.join("; ")
    );
    // A host may lack the built-in runtimes. But a runtime that was configured must be able to
    // start.
    let is_stock = table.lookup(&args.name).is_some_and(|row| row.stock);
    let checked = match is_stock {
        true => Ok(()),
        false => table.preflight(&args.name),
    };
    if table
        .lookup(&args.name)
        .is_some_and(|row| row.script.is_some())
    {
        ensure_answers(&table.options().script_dir)?;
    }
    match checked.and_then(|()| table.resolve_and_publish(&args.name)) {
        Ok(resolved) => {
            if out.is_json() {
                out.json(&to_json(&resolved))?;
            } else {
                out.text(&to_text(&resolved))?;
            }
            Ok(Exit::Fine)
        }
        Err(error) if is_an_answer(&error) => {
            if out.is_json() {
                let error = json!({ "kind": error.kind(), "message": error.to_string() });
                out.json(&json!({ "error": error }))?;
            } else {
                out.text(&format!("{}\n", paint(Ink::Bad, &error)))?;
            }
            Ok(Exit::Finding)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the table itself refuses. Otherwise the script could not be written.
fn is_an_answer(error: &ResolveError) -> bool {
    matches!(
        error,
        ResolveError::UnknownRuntime { .. } | ResolveError::Preflight { .. }
    )
}

fn to_json(resolved: &ResolvedRuntime<'_>) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), resolved.name.into());
    object.insert("shim".into(), resolved.shim.into());
    for (field, path) in [("binary", resolved.binary), ("script", resolved.script)] {
        match path {
            Some(path) => path_fields(&mut object, field, path),
            None => _ = object.insert(field.into(), Value::Null),
        }
    }
    object.insert(
        "options".into(),
        resolved.options.map_or(Value::Null, options_json),
    );
    object.into()
}

fn options_json(options: &ShimOptions) -> Value {
    let mut object = Map::new();
    for (name, value) in options.members() {
        match value {
            OptionValue::Bool(value) => _ = object.insert(name.into(), value.into()),
            OptionValue::Number(value) => _ = object.insert(name.into(), value.into()),
            OptionValue::Text(text) => text_fields(&mut object, name, text),
            OptionValue::Bytes(bytes) => {
                use std::os::unix::ffi::OsStrExt as _;
                text_fields(&mut object, name, std::ffi::OsStr::from_bytes(bytes));
            }
            _ => {}
        }
    }
    object.into()
}

fn to_text(resolved: &ResolvedRuntime<'_>) -> String {
    let shown = |path: Option<&Path>| path.map_or("-".into(), |path| path.display().to_string());
    let mut table = Table::without_heads();
    table.row(["name".into(), Cell::inked(Ink::Head, resolved.name)]);
    table.row(["shim".into(), resolved.shim.into()]);
    table.row(["binary".into(), shown(resolved.binary).into()]);
    table.row(["script".into(), shown(resolved.script).into()]);
    if let Some(options) = resolved.options {
        if let Value::Object(options) = options_json(options) {
            for (name, value) in options {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                table.row([Cell::inked(Ink::Dim, format!("  {name}")), value.into()]);
            }
        }
    }
    table.render()
}
