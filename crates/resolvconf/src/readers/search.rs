//! The search list of a file, as each reader takes it.

use crate::document::Text;
use crate::readers::context::Context;
use crate::readers::form::{Lines, OnInvalidDomain, Root, Search as Rules, SearchRule};
use crate::readers::lines::{Entry, Keyword};
use crate::readers::words::{has_no_word, trim_end, words};

/// The lines that may become the list, while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Lists<'a> {
    search: Option<Entry<'a>>,
    domain: Option<Entry<'a>>,
    merged: Vec<Entry<'a>>,
}

/// The search list that a reader takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) domains: Vec<Text>,
    /// The line of the list; 0 if it is the domain of the host's name, or if there is no list.
    pub(crate) line: usize,
}

/// The effect of a domain on the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    FailsLookup,
    RefusesFile,
}

impl<'a> Lists<'a> {
    /// Takes one `search` or `domain` line.
    pub(crate) fn line(&mut self, entry: Entry<'a>, rules: &Rules, lines: &Lines) {
        let is_search = entry.keyword == Keyword::Search;
        if has_no_word(entry.value, lines) {
            if rules.empty_clears {
                *self = Self::default();
            }
            return;
        }
        if rules.bytes.is_some_and(|most| entry.value.len() > most) {
            return;
        }
        match rules.rule {
            SearchRule::Never => {}
            SearchRule::Last => self.search = Some(entry),
            SearchRule::SearchBeforeDomain if is_search => self.search = Some(entry),
            SearchRule::FirstSearch if is_search => self.search = self.search.or(Some(entry)),
            SearchRule::SearchBeforeDomain | SearchRule::FirstSearch => self.domain = Some(entry),
            SearchRule::Merged => self.merged.push(entry),
        }
    }

    /// The list that counts at the end of the file.
    pub(crate) fn take(&self, rules: &Rules, lines: &Lines, context: &Context) -> Taken {
        let mut taken = Taken::default();
        for entry in self.entries() {
            taken.line = entry.line;
            let domains = domains(entry, rules, lines);
            taken
                .domains
                .extend(domains.map(|(word, _)| Text::from(word)));
        }
        if let Some(most) = rules.most {
            taken.domains.truncate(most);
        }
        if taken.domains.is_empty() && rules.host_domain {
            taken.domains.extend(context.host_domain.clone());
            taken.line = 0;
        }
        taken
    }

    /// The harm that the list does to the reader, and its line. The list itself is not built.
    pub(crate) fn harm(&self, rules: &Rules, lines: &Lines) -> Option<(Harm, usize)> {
        let harmless = rules.root != Root::FailsLookup
            && !matches!(
                rules.invalid,
                OnInvalidDomain::EndsLookup
                    | OnInvalidDomain::FailsLookup
                    | OnInvalidDomain::RefusesFile
            );
        if harmless {
            return None;
        }
        let line = self.entries().last()?.line;
        if rules.invalid == OnInvalidDomain::EndsLookup {
            let mut all = self.entries().flat_map(|e| listed(e, rules, lines));
            return all
                .any(|word| !is_domain(word))
                .then_some((Harm::FailsLookup, line));
        }
        let mut domains = self.entries().flat_map(|e| domains(e, rules, lines));
        domains.find_map(|(_, harm)| Some((harm?, line)))
    }

    /// The line of the list; 0 if there is no list. For a list from several lines it is the last
    /// one.
    pub(crate) fn line_of_list(&self) -> usize {
        self.entries().last().map_or(0, |entry| entry.line)
    }

    /// Whether the list holds a domain with which another name is tried.
    pub(crate) fn makes_names(&self, rules: &Rules, lines: &Lines) -> bool {
        let domains = self.entries().flat_map(|e| domains(e, rules, lines));
        let mut used = domains.take(rules.most.unwrap_or(usize::MAX));
        used.any(|(domain, _)| domain != b".")
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        let single = self.search.or(self.domain);
        single.into_iter().chain(self.merged.iter().copied())
    }
}

/// The domains that a reader takes from one line, each with its effect on the reader.
fn domains<'a>(
    entry: Entry<'a>,
    rules: &Rules,
    lines: &Lines,
) -> impl Iterator<Item = (&'a [u8], Option<Harm>)> {
    let (root, invalid) = (rules.root, rules.invalid);
    // Such a reader skips one dot before a domain.
    let skipped = move |word: &'a [u8]| match word {
        [b'.', rest @ ..] if root == Root::InPlace && !rest.is_empty() => rest,
        _ => word,
    };
    listed(entry, rules, lines)
        .map_while(move |word| match (word, is_domain(skipped(word))) {
            (b".", _) if root == Root::LeftOut => Some(None),
            (b".", _) if root == Root::FailsLookup => Some(Some((word, Some(Harm::FailsLookup)))),
            (_, true) => Some(Some((word, None))),
            (_, false) => match invalid {
                OnInvalidDomain::Skips => Some(None),
                OnInvalidDomain::EndsList | OnInvalidDomain::EndsLookup => None,
                OnInvalidDomain::Unused => Some(Some((word, None))),
                OnInvalidDomain::FailsLookup => Some(Some((word, Some(Harm::FailsLookup)))),
                OnInvalidDomain::RefusesFile => Some(Some((word, Some(Harm::RefusesFile)))),
            },
        })
        .flatten()
}

/// The words of one line that a reader takes for domains, valid or not.
fn listed<'a>(
    entry: Entry<'a>,
    rules: &Rules,
    lines: &Lines,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let one = entry.keyword == Keyword::Domain && !rules.domain_takes_all;
    let (mut most_words, mut most_parts) = (usize::MAX, usize::MAX);
    if one && rules.domain_to_comma {
        most_parts = 1;
    } else if one {
        most_words = 1;
    }
    let (by_blanks, by_words) = match rules.blanks_only {
        true => (Some(trim_end(entry.value).split(|b| *b == b' ')), None),
        false => (None, Some(words(entry.value, lines))),
    };
    let words = by_blanks
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty());
    let commas = rules.commas;
    words
        .chain(by_words.into_iter().flatten())
        .take(most_words)
        .flat_map(move |word| split_commas(word, commas))
        .take(most_parts)
}

fn split_commas(word: &[u8], commas: bool) -> impl Iterator<Item = &[u8]> {
    word.split(move |&b| commas && b == b',')
        .filter(|part| !part.is_empty())
}

/// Whether this can be the end of a name: labels of 1 to 63 bytes, 253 bytes in total, and one
/// final dot is allowed.
pub(crate) fn is_domain(word: &[u8]) -> bool {
    let name = word.strip_suffix(b".").unwrap_or(word);
    // A single dot is the root: names are looked up as they are.
    let mut labels = name.split(|&b| b == b'.');
    name.is_empty() || (name.len() <= 253 && labels.all(|label| matches!(label.len(), 1..=63)))
}
