//! Describes in words what one word of a file does to one reader.

use crate::lint::trace::Trace;
use crate::readers::{Below, Context, Reader, Taken, Value, one_option, option_at};

/// The longest word that is looked at for one reader. A longer word is neither an address nor an
/// option.
const LONGEST: usize = 4096;

/// The servers that are asked if the file gives none.
pub(crate) fn without_servers(reader: &Reader) -> String {
    match reader.servers.fallback {
        _ if reader.servers.refuses_none => "the file is refused".to_owned(),
        [] => "nobody is asked".to_owned(),
        [address] => format!("{address} is asked"),
        addresses => format!("{} are asked", addresses.join(" and ")),
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

/// How many words of an `options` line are explained one by one.
pub(crate) const MOST_WORDS: usize = 100;

/// How many words of a sortlist glibc uses.
pub(crate) const SORTLIST_WORDS: usize = 10;

/// Describes what a word of an `options` line does to a reader, beside the rest of the file.
pub(crate) fn option_in(line: usize, word: &[u8], trace: &Trace<'_>) -> String {
    if let Some(why) = trace.given_up() {
        return why.to_owned();
    }
    let Some((value, own)) = trace.word_at(line, word) else {
        return "not read".to_owned();
    };
    if own.as_ptr() != word.as_ptr() {
        return "no effect".to_owned();
    }
    let taken = option_at(own, value, trace.reader);
    let places = [taken.ndots, taken.timeout, taken.attempts];
    for (value, used) in places.iter().zip(trace.numbers) {
        if value.line > 0 && (used.line, used.number) != (line, value.number) {
            return match used.line {
                other if other != line => format!("replaced by line {other}, no effect"),
                _ => "replaced on this line, no effect".to_owned(),
            };
        }
    }
    told(own, &taken, trace.reader, &trace.numbers)
}

/// Describes what an option does to a reader.
pub(crate) fn option(word: &[u8], reader: &Reader) -> String {
    let word = &word[..word.len().min(LONGEST)];
    told(
        word,
        &one_option(word, reader),
        reader,
        &[Value::default(); 3],
    )
}

/// `used` are the values at the end of the file.
fn told(word: &[u8], taken: &Taken, reader: &Reader, used: &[Value; 3]) -> String {
    let mut told = Vec::new();
    for (name, value, number, used) in [
        ("ndots", taken.ndots, reader.options.ndots, used[0]),
        ("timeout", taken.timeout, reader.options.timeout, used[1]),
        ("attempts", taken.attempts, reader.options.attempts, used[2]),
    ] {
        let named = word.starts_with(name.as_bytes());
        if value.line > 0 && named {
            return format!("{}{}", value.number, harm(value));
        } else if value.line > 0 {
            // The reader knows the option by another name, or finds it inside the word.
            told.push(format!("{name} {}{}", value.number, harm(value)));
        } else if named && number.is_some() && used.line == 0 {
            told.push(format!("the default {}", value.number));
        }
    }
    told.extend(
        taken
            .flags
            .iter()
            .map(|flag| match flag.as_bytes() == word {
                true => "acts".to_owned(),
                false => format!("takes it for {flag}"),
            }),
    );
    match told.is_empty() {
        true => "no effect".to_owned(),
        false => told.join(", "),
    }
}

fn harm(value: Value) -> &'static str {
    match value.harm {
        Some(Below::AsksNobody) => ", nobody is asked",
        Some(Below::WaitsForNone) => ", no answer is waited for",
        Some(Below::EndsProgram) => ", the program ends",
        _ => "",
    }
}
