//! What is said of a line, what is found, and what a reader takes never contradict one another: for
//! the files of the matrix and for whatever lines, for every reader.

use resolvconf::readers::{ALL, Context, Effective, Reader, Trouble};
use resolvconf::{Diagnostic, DiagnosticKind as Kind, Document, Explanation, Severity, parse};

use crate::claims::random_texts;

/// One reader's view of a file, in all three forms.
struct View<'d> {
    reader: &'d Reader,
    effective: Effective,
    lines: Vec<Explanation<'d>>,
}

impl View<'_> {
    fn findings(&self) -> impl Iterator<Item = &Diagnostic<'_>> {
        self.lines.iter().flat_map(|line| &line.diagnostics)
    }

    fn finds(&self, kind: Kind) -> bool {
        self.findings().any(|found| found.kind() == kind)
    }

    fn count(&self, words: &str) -> usize {
        let meanings = self.lines.iter().map(|line| &line.meaning);
        meanings.map(|meaning| meaning.matches(words).count()).sum()
    }

    fn servers(&self) -> usize {
        let servers = self.effective.servers.iter();
        servers.filter(|server| server.line > 0).count()
    }
}

/// A server is said to be asked exactly if it is; a reader without one is always told.
fn servers_agree(view: &View<'_>) -> Result<(), String> {
    let trouble = view.effective.trouble;
    let nobody = matches!(
        trouble,
        Some(Trouble::AsksNobody(_) | Trouble::WaitsForNone(_) | Trouble::EndsProgram(_))
    );
    let (asks, takes) = if nobody { ("takes ", 0) } else { ("asks ", 1) };
    for server in view.effective.servers.iter().filter(|s| s.line > 0) {
        let line = view.lines.iter().find(|line| line.line == server.line);
        let meaning = &line.ok_or("no such line")?.meaning;
        if !meaning.contains(asks) || !meaning.contains(&server.address.to_string()) {
            return Err(format!("{server:?} is not in {meaning:?}"));
        }
    }
    if view.count("(server ") != view.servers() {
        return Err("another number of servers is told".into());
    }
    if takes == 0 && view.count("asks ") != view.count("asks nobody") {
        return Err("told to ask, and asks nobody".into());
    }
    let given_up = matches!(trouble, Some(Trouble::Refused(1..) | Trouble::Lost(_)));
    if view.finds(Kind::NoNameservers) != (view.servers() == 0 && !given_up) {
        return Err("no server, and a finding that says something else".into());
    }
    Ok(())
}

/// Whatever makes look-ups fail is a finding, and such a finding means that they fail.
fn troubles_agree(view: &View<'_>) -> Result<(), String> {
    if let Some(trouble) = view.effective.trouble {
        let at = trouble.line();
        let told = view.findings().any(|found| {
            found.line() == at
                && found.kind().severity() == Severity::Error
                && found.readers().any(|r| r.name == view.reader.name)
        });
        if !told {
            return Err(format!("{trouble:?} without a finding"));
        }
    }
    for found in view.findings() {
        let text = found.to_string();
        let fits = match (found.kind(), view.effective.trouble) {
            (_, Some(Trouble::Refused(_) | Trouble::Lost(_))) => true,
            (Kind::FileRefused | Kind::FileLost, _) => false,
            (Kind::OptionBelowLimit | Kind::InvalidOptionValue, trouble) => {
                let harmful = text.contains("nobody is asked") || text.contains("program ends");
                let fails = matches!(
                    trouble,
                    Some(
                        Trouble::AsksNobody(_) | Trouble::WaitsForNone(_) | Trouble::EndsProgram(_)
                    )
                );
                harmful == (harmful && fails)
            }
            (Kind::SearchFails, trouble) => trouble.is_some(),
            _ => true,
        };
        if !fits {
            return Err(format!("{found} and {:?}", view.effective.trouble));
        }
    }
    Ok(())
}

/// The domains that are told are those that a look-up tries.
fn search_agrees(view: &View<'_>) -> Result<(), String> {
    let tried = view.effective.queries(view.reader, b"a");
    for domain in tried.iter().filter_map(|query| query.domain.as_ref()) {
        let words = domain.to_string();
        let told = |line: &Explanation<'_>| {
            let list = line.meaning.split_once("also tried under ");
            list.is_some_and(|(_, list)| list.contains(&words))
        };
        if !view.lines.iter().any(told) {
            return Err(format!("{words} is tried, and not told"));
        }
    }
    let none = tried.iter().all(|query| query.domain.is_none());
    if none && view.count("also tried under") > 0 {
        return Err("domains are told, and none is tried".into());
    }
    let unused = view.finds(Kind::SearchUnused);
    if unused && !none {
        return Err("the list is used, and a finding says that it is not".into());
    }
    Ok(())
}

/// The number of an option that is told to count is the one that counts.
fn options_agree(view: &View<'_>) -> Result<(), String> {
    let used = &view.effective;
    let numbers = [
        ("ndots:", u128::from(used.ndots)),
        ("timeout:", used.timeout.as_millis()),
        ("attempts:", u128::from(used.attempts)),
    ];
    if matches!(used.trouble, Some(Trouble::Refused(_) | Trouble::Lost(_))) {
        return Ok(());
    }
    for line in &view.lines {
        for told in line.meaning.split("; ") {
            let Some((name, number)) = numbers.iter().find(|(n, _)| told.starts_with(n)) else {
                continue;
            };
            let effect = match told.rsplit_once('(').filter(|_| told.ends_with(')')) {
                Some((_, effect)) => effect,
                None => &told[name.len()..],
            };
            let digits: String = effect.chars().take_while(char::is_ascii_digit).collect();
            let own = match effect.strip_prefix("the default ") {
                Some(default) => default.parse::<u128>(),
                None => digits.parse(),
            };
            let Ok(own) = own else { continue };
            let unit = if *name == "timeout:" {
                u128::from(view.reader.options.timeout_unit)
            } else {
                1
            };
            if effect.contains("no effect") || effect.contains("not read") {
                continue;
            }
            if own * unit != *number {
                return Err(format!("{told:?}, and the value is {number}"));
            }
        }
    }
    Ok(())
}

/// A line that a reader does not read has no findings but those that say why.
fn unread_lines_agree(view: &View<'_>) -> Result<(), String> {
    for line in &view.lines {
        if line.meaning != "not read" {
            continue;
        }
        for found in &line.diagnostics {
            let names = found.readers().count() > 0;
            let why = matches!(
                found.kind(),
                Kind::ByteOrderMark
                    | Kind::NulByte
                    | Kind::InvalidUtf8
                    | Kind::CarriageReturn
                    | Kind::LongLine
                    | Kind::IndentedDirective
                    | Kind::OddBlank
                    | Kind::MissingValue
                    | Kind::FileRefused
                    | Kind::FileLost
            );
            if names && !why {
                return Err(format!("{found} about a line that is not read"));
            }
        }
    }
    Ok(())
}

#[track_caller]
fn check(document: &Document) {
    for reader in &ALL {
        let readers = [*reader];
        let view = View {
            reader,
            effective: document.effective(reader),
            lines: document.explain_for(&readers, &Context::new()),
        };
        let all = servers_agree(&view)
            .and_then(|()| troubles_agree(&view))
            .and_then(|()| search_agrees(&view))
            .and_then(|()| options_agree(&view))
            .and_then(|()| unread_lines_agree(&view));
        if let Err(how) = all {
            let findings = |line: &Explanation<'_>| -> Vec<String> {
                line.diagnostics.iter().map(ToString::to_string).collect()
            };
            let told = view.lines.iter();
            let told = told.map(|line| format!("{:?} {:?}", line.meaning, findings(line)));
            let told: Vec<String> = told.collect();
            let (name, effective, told) = (reader.name, &view.effective, told.join("\n"));
            panic!("{name}: {how}\n{document:?}\n{effective:?}\n{told}");
        }
    }
}

#[test]
fn the_files_of_the_matrix() {
    let cases: serde_json::Value = serde_json::from_str(include_str!("data/readers.json")).unwrap();
    for case in cases.as_array().unwrap() {
        if let Some(text) = crate::readers::text(case) {
            check(&parse(&text));
        }
    }
}

#[test]
fn whatever_lines() {
    // More on request; a thousand take half a second.
    let count = std::env::var("RESOLVCONF_TEXTS").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(1000);
    for text in random_texts(count) {
        check(&parse(text.as_bytes()));
    }
}

/// Each of these was told wrongly once.
#[test]
fn lines_that_were_told_wrongly() {
    for text in [
        // Another line in the same line.
        "# x\rnameserver 192.0.2.1\n",
        "x\rsearch a.test\rnameserver 192.0.2.1\n",
        // What follows a NUL is lost to musl.
        "search a.test\0\nnameserver 192.0.2.1\noptions ndots:3\n",
        // Nobody is asked, so no server is.
        "nameserver 192.0.2.1\noptions timeout:0\n",
        "nameserver 192.0.2.1\noptions attempts:-1\n",
        // The harmful value does not count.
        "nameserver 192.0.2.1\noptions timeout:0\noptions timeout:2\n",
        "nameserver 192.0.2.1\noptions timeout:0 timeout:2\n",
        "nameserver 192.0.2.1\noptions attempts:x attempts:2\n",
        "nameserver 192.0.2.1\noptions xtimeout:0\n",
        // The list is never used, or only up to a domain.
        "nameserver 192.0.2.1\nsearch a.test\noptions ndots:0\n",
        "nameserver 192.0.2.1\nsearch a.test b..test c.test\n",
        "nameserver 192.0.2.1\nsearch a.test\nsearch\n",
        "nameserver 192.0.2.1\n  search b..test\n",
        // A later value that cannot be read leaves the one before it.
        "nameserver 192.0.2.1\noptions ndots:3\noptions ndots:x\n",
        "nameserver 192.0.2.1\noptions ndots: 3\n",
        "nameserver 192.0.2.1\nsortlist 10.0.0.0/8 x\n",
    ] {
        check(&parse(text.as_bytes()));
    }
}
