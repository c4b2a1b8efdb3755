//! Writes the report as text for people.

use std::fmt::Write as _;

use daemon_host::mountscan::KernelQueries;
use daemon_host::rootmount::short_ids;

use super::collect::Facts;
use super::finding::{Finding, Severity};
use super::mounts::Mounts;
use crate::output::{Cell, Ink, Table, paint, shown};
use crate::root::{RootState, others_text};
use crate::{addrs, rro};

pub(super) fn text(facts: &Facts, findings: &[Finding]) -> String {
    let mut text = format!(
        "{}  {}\n\n",
        paint(
            Ink::Head,
            format_args!("daemon-host report for {}", facts.host)
        ),
        paint(Ink::Dim, format_args!("Linux {}", facts.kernel)),
    );
    for line in facts.place.sentences() {
        let line = paint(Ink::Warn, format_args!("This is {line}."));
        writeln!(text, "{line}\n").expect("writing to a String cannot fail");
    }
    text.push_str(&findings_text(findings));
    section(&mut text, "Host", &host(facts).render_indented(2));
    if let Ok(links) = &facts.links {
        section(&mut text, "Links", &addrs::table(links).render_indented(2));
    }
    if let Ok((_, table)) = &facts.runtimes {
        let asked = rro::ask(table);
        section(
            &mut text,
            "Recursive read-only",
            &rro::table(&facts.rro, &asked).render_indented(2),
        );
    }
    text
}

fn section(text: &mut String, title: &str, body: &str) {
    writeln!(text, "\n{}\n{body}", paint(Ink::Head, title))
        .expect("writing to a String cannot fail");
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn findings_text(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return format!("{}\n", paint(Ink::Good, "No findings."));
    }
    let mut table = Table::without_heads();
    for finding in findings {
        let ink = match finding.severity {
            Severity::Problem => Ink::Bad,
            Severity::Warning => Ink::Warn,
        };
        let word = Cell::inked(ink, finding.severity.as_str());
        let what = short_ids(&finding.what);
        table.row([word, finding.subject.into(), what.into()]);
        // What somebody may type is whole.
        let said = [
            ("why", short_ids(&finding.cause)),
            ("do", finding.remedy.clone()),
        ];
        for (label, words) in said.into_iter().filter(|(_, words)| !words.is_empty()) {
            let label = Cell::inked(Ink::Dim, label);
            table.row(["".into(), label, Cell::inked(Ink::Dim, words)]);
        }
    }
    table.render()
}

fn host(facts: &Facts) -> Table {
    let mut table = Table::without_heads();
    let mut fact = |name: &str, value: String| {
        table.row([Cell::inked(Ink::Dim, name), value.into()]);
    };
    fact(
        "mounts",
        facts.mounts.as_ref().map_or_else(Clone::clone, mounts),
    );
    fact("mount queries", queries(facts.queries).to_owned());
    fact("data root", root(facts));
    fact("resolv.conf", shown(&facts.selection().path));
    fact("", facts.selection().explanation());
    fact("runtimes", runtimes(facts));
    table
}

fn queries(queries: KernelQueries) -> &'static str {
    match queries {
        KernelQueries::Rows => "listmount and statmount, whole rows",
        KernelQueries::Namespaces | KernelQueries::Ids => "listmount and statmount, ids only",
        _ => "by the text of mountinfo",
    }
}

fn mounts(mounts: &Mounts) -> String {
    let mut types: Vec<_> = mounts.by_type.iter().collect();
    types.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let mut shown: Vec<String> = types
        .iter()
        .take(6)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if types.len() > shown.len() {
        shown.push(format!("{} more types", types.len() - shown.len()));
    }
    format!("{} ({})", mounts.count, shown.join(", "))
}

fn root(facts: &Facts) -> String {
    let path = shown(&facts.root.path);
    match &facts.root.state {
        None => format!("{path} does not exist"),
        Some(Err(error)) => error.clone(),
        Some(Ok(state)) => root_state(state),
    }
}

fn root_state(state: &RootState) -> String {
    let status = &state.status;
    let mount = match (status.is_mounted, status.ownership.is_ours()) {
        (true, true) => "mounted by its daemon",
        (true, false) => "a mount of its own",
        (false, _) => "a plain directory",
    };
    let live = match state.live() {
        Some(1) => "1 live container".to_owned(),
        Some(live) => format!("{live} live containers"),
        None => "live containers unknown".to_owned(),
    };
    let mut left = match state.plan.steps().len() {
        1 => "1 leftover mount".to_owned(),
        left => format!("{left} leftover mounts"),
    };
    if state.unknown() > 0 {
        left = format!(
            "{left}, and {} more of which it cannot be told",
            state.unknown()
        );
    }
    let path = shown(&status.root);
    let others = match &state.others[..] {
        [] => String::new(),
        others => format!("; other mounts below it: {}", others_text(others)),
    };
    format!(
        "{path}, {mount}, {}; {live}, {left}{others}",
        status.holder.propagation
    )
}

fn runtimes(facts: &Facts) -> String {
    match &facts.runtimes {
        Err(error) => error.clone(),
        Ok((_, table)) => {
            let names: Vec<&str> = table.iter().map(|runtime| runtime.name.as_str()).collect();
            format!("{} (default {})", names.join(", "), table.default_name())
        }
    }
}
