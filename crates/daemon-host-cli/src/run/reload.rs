//! `reload`: asks a running daemon to read its configuration again.

use std::time::Duration;

use anyhow::Context as _;
use daemon_host::service::{Request, ask};
use serde_json::Value;

use super::args::ReloadArgs;
use crate::exit::Exit;
use crate::output::Output;

pub(crate) fn reload(args: &ReloadArgs, out: &Output) -> anyhow::Result<Exit> {
    let limit = Duration::from_secs(args.seconds);
    let answer = ask(&args.socket, Request::Reload, limit).with_context(|| {
        let socket = &args.socket;
        format!("no answer from {socket:?} (is the daemon running? try --socket)")
    })?;
    let refused = answer.get("error").is_some();
    // Another program can listen there. What it says is no reload that was done.
    if !refused && !answer.get("generation").is_some_and(Value::is_u64) {
        let socket = &args.socket;
        anyhow::bail!("the answer of {socket:?} names no generation: no daemon of this kind");
    }
    if out.is_json() {
        out.json(&answer)?;
    } else {
        let said = answer.get("error").unwrap_or(&answer);
        let said = said.get("message").or_else(|| answer.get("detail"));
        let text = said
            .and_then(Value::as_str)
            .unwrap_or("the daemon gave no detail");
        out.text(&format!("{text}\n"))?;
    }
    Ok(Exit::finding_if(refused))
}
