//! The file `stat` of a process in procfs.

/// The fields of `proc_pid_stat(5)` that are needed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) name: String,
    pub(crate) has_ended: bool,
    pub(crate) start: u64,
}

/// Reads the file `stat` of a process; `None` if it has another form.
pub(crate) fn parse_stat(stat: &[u8]) -> Option<Stat> {
    // The command's name may hold blanks and brackets. The fields go on after the last bracket.
    let begin = stat.iter().position(|&byte| byte == b'(')?;
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let name = String::from_utf8_lossy(stat.get(begin + 1..end)?).into_owned();
    let fields = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    // The state is the third field, the start the 22nd.
    let start = fields.nth(18)?.parse().ok()?;
    Some(Stat {
        name,
        has_ended,
        start,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_command_is_no_field() {
        let rest = "1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        let stat = |state: &str| parse_stat(format!("7 (a) R b) {state} {rest}").as_bytes());
        let running = stat("S").unwrap();
        assert_eq!((running.name.as_str(), running.start), ("a) R b", 4711));
        assert!(!running.has_ended);
        assert!(stat("Z").unwrap().has_ended);
        for text in ["", "7", "7 (a) S 1", "7 )a( S"] {
            assert_eq!(parse_stat(text.as_bytes()), None, "{text}");
        }
    }
}
