//! `rro`: says whether recursive read-only mounts work here.

use anyhow::bail;
use daemon_host::rroprobe::{self, KernelSupport, RuntimeSupport};
use daemon_host::runtimes::{Problem, RroAnswer, RroSupport, Runtimes};
use serde_json::{Value, json};

use crate::config::ConfigArgs;
use crate::exit::Exit;
use crate::output::{Cell, Ink, Output, Table};
use crate::runtimes::TableArgs;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Two halves must agree: the kernel, and the OCI runtime. Exit code 1 when either says no, when
it is unknown of one, or when the configuration has a problem: only its sound entries are asked.

Examples:
  daemon-host rro
  daemon-host rro --prove              the effect itself, on a mount that nobody sees
  daemon-host rro --runtime crun --config /etc/docker/daemon.json --json")]
pub(crate) struct Args {
    /// Only this runtime; an empty string is the default runtime.
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,

    #[command(flatten)]
    config: ConfigArgs,

    /// Show the kernel's half by its effect, on a detached mount; needs what the real thing needs.
    #[arg(long)]
    prove: bool,
}

/// A runtime's name and what it says.
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) verdict: RroAnswer,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let (inspected, table) = TableArgs::of_config(args.config.clone()).load()?;
    let probe = if args.prove {
        rroprobe::prove
    } else {
        KernelSupport::probe
    };
    let kernel = probe();
    let asked = match &args.runtime {
        None => ask(&table.probed()),
        Some(name) => vec![ask_one(&table, name, &inspected.problems)?],
    };
    if out.is_json() {
        out.json(&to_json(&kernel, &asked, &inspected.problems))?;
    } else {
        out.text(&to_text(&kernel, &asked, &inspected.problems))?;
    }
    let is_sound = inspected.problems.is_empty();
    Ok(Exit::finding_if(
        !kernel.is_supported() || !all_can(&asked) || !is_sound,
    ))
}

fn all_can(asked: &[Asked]) -> bool {
    asked
        .iter()
        .all(|asked| asked.verdict.support == RroSupport::Yes)
}

fn one_refuses(asked: &[Asked]) -> bool {
    asked
        .iter()
        .any(|asked| asked.verdict.support == RroSupport::No)
}

/// What each runtime of a probed table says.
pub(crate) fn ask(probed: &Runtimes) -> Vec<Asked> {
    probed
        .iter()
        .map(|runtime| Asked {
            name: runtime.name.clone(),
            verdict: runtime.features.rro(),
        })
        .collect()
}

/// What one runtime says. A name that is not configured can be a shim's, and then it is asked.
fn ask_one(table: &Runtimes, name: &str, problems: &[Problem]) -> anyhow::Result<Asked> {
    let its_own = |problem: &&Problem| problem.runtime.as_deref() == Some(name);
    let name = match table.lookup(name) {
        Some(runtime) => runtime.name.clone(),
        None if problems.iter().any(|problem| its_own(&problem)) => {
            let own = problems.iter().filter(its_own).map(ToString::to_string);
            bail!("{}", own.collect::<Vec<_>>().join("; "))
        }
        None => table.resolve(name)?.name.to_owned(),
    };
    // The other runtimes are not asked, so that a slow one does not delay this answer.
    let verdict = table.features_now(&name).rro();
    Ok(Asked { name, verdict })
}

fn to_json(kernel: &KernelSupport, asked: &[Asked], problems: &[Problem]) -> Value {
    let problem = |one: &Problem| json!({ "runtime": one.runtime.as_deref(), "kind": one.kind.as_str(), "message": one.message });
    let problems: Vec<Value> = problems.iter().map(problem).collect();
    let runtimes: Vec<Value> = asked.iter().map(Asked::to_json).collect();
    json!({
        "kernel": { "verdict": kernel.as_str(), "detail": kernel.to_string() },
        "runtimes": runtimes,
        "problems": problems,
    })
}

impl Asked {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "verdict": self.verdict.support.as_str(),
            "plain_ro": self.plain_ro(),
            "reason": self.verdict.reason,
        })
    }

    /// What a plain `ro` does to the mounts below.
    fn plain_ro(&self) -> &'static str {
        match self.verdict.is_ro_recursive {
            Some(true) => "recursive",
            Some(false) => "alone",
            None => "unknown",
        }
    }

    fn row(&self) -> [Cell; 3] {
        let ink = match self.verdict.support {
            RroSupport::Yes => Ink::Good,
            RroSupport::No => Ink::Bad,
            _ => Ink::Warn,
        };
        [
            self.name.as_str().into(),
            Cell::inked(ink, self.verdict.support.as_str()),
            Cell::inked(Ink::Dim, &self.verdict.reason),
        ]
    }
}

/// What the kernel and each runtime say, and what to do if something is missing.
fn to_text(kernel: &KernelSupport, asked: &[Asked], problems: &[Problem]) -> String {
    let mut text = table(kernel, asked).render();
    for problem in problems {
        text.push_str(&format!("problem: {problem}\n"));
    }
    let runtime = RuntimeSupport::No.remedy().filter(|_| one_refuses(asked));
    for remedy in kernel.remedy().into_iter().chain(runtime) {
        text.push_str(&format!("to do: {remedy}\n"));
    }
    text
}

/// A table: the kernel first, then each runtime.
pub(crate) fn table(kernel: &KernelSupport, asked: &[Asked]) -> Table {
    let ink = if kernel.is_supported() {
        Ink::Good
    } else {
        Ink::Bad
    };
    let mut table = Table::new(&["WHO", "VERDICT", "WHY"]);
    let detail = Cell::inked(Ink::Dim, kernel.to_string());
    table.row(["kernel".into(), Cell::inked(ink, kernel.as_str()), detail]);
    for asked in asked {
        table.row(asked.row());
    }
    table
}
