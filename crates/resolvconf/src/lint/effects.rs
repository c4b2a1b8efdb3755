//! Describes in words what one word of a file does to one reader.

use std::fmt::Write as _;

use crate::readers::{Below, Context, Reader, Value};

/// The longest word that is looked at for one reader. A longer word is neither an address nor an
/// option.
const LONGEST: usize = 4096;

/// The servers that are asked if the file gives none.
pub(crate) fn without_servers(reader: &Reader) -> String {
    match reader.servers.fallback {
        _ if reader.servers.refuses_none => "the file is refused".to_owned(),
        [] => "nobody is asked".to_owned(),
        addresses => format!("{} is asked", addresses.join(" and ")),
    }
}

/// Names the servers that a reader takes from the words of a line.
pub(crate) fn server(words: &[u8], reader: &Reader) -> String {
    let words = &words[..words.len().min(LONGEST)];
    let line = [b"nameserver ", words].concat();
    let document = crate::document::parse(&line);
    let effective = document.effective_on(reader, &Context::default());
    let taken: Vec<String> = effective
        .servers
        .iter()
        .filter(|server| server.line > 0)
        .map(|server| match server.port {
            53 => format!("{} is asked", server.address),
            port => format!("{} is asked at port {port}", server.address),
        })
        .collect();
    match (&taken[..], effective.trouble) {
        (_, Some(trouble)) if trouble.as_str() == "refused" => "the file is refused".to_owned(),
        ([], _) => "no server".to_owned(),
        (taken, _) => taken.join(", "),
    }
}

/// Describes what an option does to a reader.
pub(crate) fn option(word: &[u8], reader: &Reader) -> String {
    let word = &word[..word.len().min(LONGEST)];
    let taken = crate::readers::one_option(word, reader);
    let mut told = String::new();
    for (name, value, number) in [
        ("ndots", taken.ndots, reader.options.ndots),
        ("timeout", taken.timeout, reader.options.timeout),
        ("attempts", taken.attempts, reader.options.attempts),
    ] {
        let named = word.starts_with(name.as_bytes());
        if value.line > 0 {
            let _ = write!(told, "{}{}", value.number, harm(value));
        } else if named && number.is_some() {
            let _ = write!(told, "the default {}", value.number);
        }
    }
    for flag in &taken.flags {
        let _ = match flag.as_bytes() == word {
            true => write!(told, "acts"),
            false => write!(told, "takes it for {flag}"),
        };
    }
    match told.is_empty() {
        true => "no effect".to_owned(),
        false => told,
    }
}

fn harm(value: Value) -> &'static str {
    match value.harm {
        Some(Below::AsksNobody) => ", nobody is asked",
        Some(Below::EndsProgram) => ", the program ends",
        _ => "",
    }
}
