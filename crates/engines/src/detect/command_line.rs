//! The arguments of a daemon. Pure.

/// podman passes its own arguments on to conmon, and puts this word before each of them.
const PASSED_ON: &str = "--exit-command-arg";

/// The arguments in `/proc/<pid>/cmdline`.
pub(super) fn arguments(text: &[u8]) -> Vec<String> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let arguments = text.split(|&byte| byte == 0);
    let arguments = arguments.map(|one| String::from_utf8_lossy(one).into_owned());
    arguments.filter(|one| one != PASSED_ON).collect()
}

/// The last argument that is one of these flags, and its value: `--flag=value`, or `--flag value`.
pub(super) fn value<'a>(arguments: &'a [String], flags: &[String]) -> Option<(&'a str, String)> {
    let rest = arguments.iter().enumerate().skip(1);
    let mut found = rest.filter_map(|(at, own)| {
        let flag = |flag: &&String| {
            own.strip_prefix(flag.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let flag = flags.iter().find(flag)?;
        match own.split_once('=') {
            Some((name, value)) => Some((name, value.to_owned())),
            None => Some((&own[..flag.len()], arguments.get(at + 1)?.clone())),
        }
    });
    found.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, flags: &[&str], expected: Option<(&str, &str)>) {
        let arguments = arguments(text.replace(' ', "\0").as_bytes());
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let found = value(&arguments, &flags);
        let found = found.as_ref().map(|(flag, value)| (*flag, value.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn flags_have_their_values() {
        let data = ["--data-root", "-g"];
        check("dockerd --data-root /a", &data, Some(("--data-root", "/a")));
        check(
            "dockerd --data-root=/a=b",
            &data,
            Some(("--data-root", "/a=b")),
        );
        check(
            "dockerd -g /a --data-root=/b",
            &data,
            Some(("--data-root", "/b")),
        );
        check("dockerd --data-rooted /a", &data, None);
        check("dockerd --data-root", &data, None);
        check("-g /a", &data, None);
        check(
            "conmon -c ab --exit-command-arg --root --exit-command-arg /g",
            &["--root"],
            Some(("--root", "/g")),
        );
        check("", &data, None);
    }
}
