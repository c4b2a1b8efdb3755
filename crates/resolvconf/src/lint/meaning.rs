//! What a line does to one reader, in words.

use crate::document::{Line, LineKind, Nameserver, Text, glibc_ipv4};
use crate::lint::effects;
use crate::lint::trace::Trace;
use crate::readers::{AddressForm, Entry, Keyword, Order, SearchRule, Server, Trouble, words};

/// What the line does to the reader.
pub(crate) fn of_line(line: Line<'_>, trace: &Trace<'_>) -> String {
    let entries = trace.entries_of(line.number);
    if entries.is_empty() {
        return unseen(line, trace).to_owned();
    }
    if let Some(why) = trace.given_up() {
        return why.to_owned();
    }
    let has = |keyword| entries.iter().any(|entry| entry.keyword == keyword);
    let mut told = Vec::new();
    if has(Keyword::Nameserver) {
        told.push(servers(line.number, trace));
    }
    if has(Keyword::Search) || has(Keyword::Domain) {
        told.push(search(line.number, trace));
    }
    for entry in entries {
        match entry.keyword {
            Keyword::Options => told.push(options(*entry, trace)),
            Keyword::Sortlist => told.push(sortlist(line, *entry, trace)),
            _ => {}
        }
    }
    told.join(", ")
}

/// A line in which the reader sees no directive.
fn unseen(line: Line<'_>, trace: &Trace<'_>) -> &'static str {
    match line.kind {
        LineKind::Blank => "",
        LineKind::IndentedComment if trace.reader.lines.reports_unknown => {
            "a line that it does not know"
        }
        LineKind::Comment | LineKind::IndentedComment => "comment",
        LineKind::Other => "not known to resolvers; passed on as it is",
        _ if line.words().next().is_none() => "no value, no effect",
        _ => "not read",
    }
}

fn servers(line: usize, trace: &Trace<'_>) -> String {
    let (reader, effective) = (trace.reader, &trace.effective);
    let here = |server: &&Server| server.line == line;
    let taken = effective.servers.iter().enumerate();
    let taken: Vec<String> = taken
        .filter(|(_, server)| here(server))
        .map(|(at, server)| format!("{} (server {})", address(server), at + 1) + place(server))
        .collect();
    if !taken.is_empty() {
        return match trace.asks_none() {
            Some(why) => format!("takes {}, but {why}", taken.join(", ")),
            None => format!("asks {}", taken.join(", asks ")),
        };
    }
    if let Some(server) = effective.unasked.iter().find(here) {
        let most = reader.servers.most.unwrap_or_default();
        let server = address(server);
        return format!("does not ask {server}, {most} servers are enough");
    }
    let full = reader.servers.most == Some(effective.servers.len());
    if reader.servers.merges_repeated || full {
        "no further server".to_owned()
    } else {
        "no server".to_owned()
    }
}

fn address(server: &Server) -> String {
    match server.port {
        53 => server.address.to_string(),
        port => format!("{} at port {port}", server.address),
    }
}

fn place(server: &Server) -> &'static str {
    let server: &Nameserver = &server.address;
    if server.is_stub() {
        ": systemd-resolved's stub on this host"
    } else if server.is_loopback() || server.is_unspecified() {
        ": this host"
    } else {
        ""
    }
}

fn search(line: usize, trace: &Trace<'_>) -> String {
    let (reader, effective) = (trace.reader, &trace.effective);
    let is_list = |entry: &&Entry<'_>| matches!(entry.keyword, Keyword::Search | Keyword::Domain);
    let lists = || trace.entries_of(line).iter().filter(is_list);
    let list_words = || lists().flat_map(|list| words(list.value, &reader.lines));
    if reader.search.rule == SearchRule::Never {
        return "never searches".to_owned();
    }
    if list_words().next().is_none() {
        let forgets = reader.search.empty_clears;
        return if forgets {
            "forgets the search list before it"
        } else {
            "no value, no effect"
        }
        .to_owned();
    }
    let merged = reader.search.rule == SearchRule::Merged;
    if !merged && effective.search_line != line {
        return match effective.search_line {
            0 => "no effect".to_owned(),
            other => format!("replaced by line {other}, no effect"),
        };
    }
    if let Some(why) = trace.asks_none() {
        return why;
    }
    // A look-up of a short name shows which domains are really used.
    let tried = effective.queries(reader, b"a");
    let fails = matches!(effective.trouble, Some(Trouble::SearchFails(_)));
    let of_line = |domain: &Text| !merged || list_words().any(|word| domain.as_bytes() == word);
    let domains = tried.into_iter().filter_map(|query| query.domain);
    let domains: Vec<String> = domains
        .filter(of_line)
        .map(|domain| domain.to_string())
        .collect();
    let unused = effective.search.iter().any(|domain| *domain != ".");
    match (&domains[..], fails) {
        ([], true) => "look-ups that use the search list fail".to_owned(),
        ([], _) if reader.lookups.order == Order::Never => {
            "look-ups do not use the search list".to_owned()
        }
        ([], _) if unused && reader.lookups.order == Order::FewDotsOnly => {
            format!("never used, because ndots is {}", effective.ndots)
        }
        ([], _) => "names are tried as they are".to_owned(),
        (domains, false) => format!("names are also tried under {}", domains.join(", ")),
        (domains, true) => format!(
            "names are also tried under {}; then the look-up fails",
            domains.join(", ")
        ),
    }
}

/// The options of a line that holds other directives, too.
fn options(entry: Entry<'_>, trace: &Trace<'_>) -> String {
    let words = words(entry.value, &trace.reader.lines).take(effects::MOST_WORDS);
    let told = words.map(|word| {
        format!(
            "{}: {}",
            Text::from(word),
            effects::option_in(entry.line, word, trace)
        )
    });
    told.collect::<Vec<_>>().join(", ")
}

fn sortlist(line: Line<'_>, entry: Entry<'_>, trace: &Trace<'_>) -> String {
    if trace.reader.servers.form != AddressForm::Glibc {
        return "no effect".to_owned();
    }
    if line.hangs_glibc() {
        return "programs hang".to_owned();
    }
    let words = words(entry.value, &trace.reader.lines).take(effects::SORTLIST_WORDS);
    let used = words.filter(|word| {
        let mut parts = word.split(|&b| b == b'/' || b == b'&');
        parts.all(|part| glibc_ipv4(part).is_some())
    });
    let used: Vec<String> = used.map(|word| Text::from(word).to_string()).collect();
    match &used[..] {
        [] => "no effect".to_owned(),
        used => format!("puts answers in these networks first: {}", used.join(", ")),
    }
}
