//! What apt's complaints mean, and what to do about them.

/// Symptom in apt's English, cause, remedy.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "is expired|is not valid yet|Release file .* expired",
        "its index is out of date",
        "the mirror lags behind (or this machine's clock is wrong): try --mirror URL, or take it as it is with --allow-expired SUITE",
    ),
    (
        "NO_PUBKEY|is not signed|EXPKEYSIG|BADSIG|couldn't be verified|Sub-process .*gpgv",
        "its signature does not hold",
        "install the newest debian-archive-keyring, or try --mirror URL",
    ),
    (
        "No space left|enough free space|Write error",
        "no space is left",
        "free some, or set XDG_CACHE_HOME to a larger disk",
    ),
    (
        "Hash Sum mismatch|unexpected size",
        "a file is not what the index says",
        "the mirror is being updated or is broken: try again, or --mirror URL",
    ),
    (
        "Could not resolve|Temporary failure|Could not connect|Connection|Unable to connect|Network is unreachable|timed out|Failed to fetch|404",
        "the mirror cannot be reached or lacks it",
        "check the network and /etc/apt, or name another with --mirror URL",
    ),
];

/// One message: suite, cause, remedy, and apt's own first words.
pub(super) fn explain(suite: &str, complaints: &str) -> String {
    let lines: Vec<&str> = complaints
        .lines()
        .filter(|line| line.starts_with("E:") || line.starts_with("W:"))
        .take(3)
        .collect();
    let apt = if lines.is_empty() {
        complaints.trim().to_owned()
    } else {
        lines.join("; ")
    };
    let known = KNOWN
        .iter()
        .find(|(symptoms, ..)| symptoms.split('|').any(|s| has(complaints, s)));
    match known {
        Some((_, cause, remedy)) => format!("suite {suite}: {cause}; {remedy} (apt: {apt})"),
        None => format!("suite {suite}: apt failed: {apt}"),
    }
}

/// Contains the parts around `.*` in this order, in one line.
fn has(text: &str, symptom: &str) -> bool {
    text.lines().any(|line| {
        let mut rest = line;
        symptom.split(".*").all(|part| match rest.find(part) {
            Some(place) => {
                rest = &rest[place + part.len()..];
                true
            }
            None => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[track_caller]
    fn says(complaints: &str, wanted: &str) {
        let message = explain("trixie", complaints);
        assert!(message.contains(wanted), "{message}");
        assert!(message.starts_with("suite trixie: "), "{message}");
    }

    #[test]
    fn each_cause_has_its_remedy() {
        says(
            "E: Failed to fetch http://m.test/x  Could not resolve 'm.test'",
            "--mirror URL",
        );
        says(
            "E: Release file for http://m.test/InRelease is expired (invalid since 17d).",
            "lags behind",
        );
        says(
            "W: GPG error: http://m.test: NO_PUBKEY 1\nE: The repository is not signed.",
            "keyring",
        );
        says(
            "E: Write error - write (28: No space left on device)",
            "XDG_CACHE_HOME",
        );
        says("E: Failed to fetch x  Hash Sum mismatch", "try again");
        says("E: something new", "apt failed: E: something new");
    }
}
