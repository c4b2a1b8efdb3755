//! What a runtime prints for `--version`. Pure.

/// The answer of `<runtime> --version`, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The runtime's name for itself, such as `runc`; may be empty.
    pub runtime: String,
    /// Its version, such as `1.0.0-rc5+dev`; may be empty.
    pub version: String,
    /// The commit it was built from; may be empty.
    pub commit: String,
}

impl Version {
    /// Reads the output of `--version`; `None` if neither version nor commit is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// let version = runtimes::Version::parse("crun version 1.8.1\ncommit: f8a0\n").unwrap();
    /// assert_eq!((version.runtime.as_str(), version.numbers()), ("crun", [1, 8, 1]));
    /// ```
    pub fn parse(output: &str) -> Option<Self> {
        let mut found = Self::default();
        for line in output.lines() {
            if let Some(commit) = line.strip_prefix("commit:") {
                commit.trim().clone_into(&mut found.commit);
            } else if let Some((runtime, version)) = named(line) {
                // The first such line is the runtime's own; libraries may follow.
                if found.version.is_empty() {
                    runtime.trim().clone_into(&mut found.runtime);
                    version.trim().clone_into(&mut found.version);
                }
            }
        }
        (!found.version.is_empty() || !found.commit.is_empty()).then_some(found)
    }

    /// A version without a runtime.
    pub(in crate::features) fn of(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            ..Self::default()
        }
    }

    /// Major, minor and patch number. A part that is missing or not a number is zero.
    pub fn numbers(&self) -> [u32; 3] {
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip(self.version.split('.')) {
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            *number = part[..digits].parse().unwrap_or(0);
            if digits < part.len() {
                break;
            }
        }
        numbers
    }
}

/// The name and the version in a line; youki writes a colon between them.
fn named(line: &str) -> Option<(&str, &str)> {
    let words = line.split_once(" version ");
    words.or_else(|| line.split_once(" version: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, want: Option<(&str, &str, &str)>) {
        let got = Version::parse(output);
        let got = got
            .as_ref()
            .map(|v| (v.runtime.as_str(), v.version.as_str(), v.commit.as_str()));
        assert_eq!(got, want);
    }

    #[test]
    fn reads_what_runtimes_print() {
        check(
            "\nrunc version 1.0.0-rc5+dev\ncommit: 6966\nspec: 1.0.0\n",
            Some(("runc", "1.0.0-rc5+dev", "6966")),
        );
        check(
            "runc version 1.1.5+ds1\nspec: 1.0.2\ngo: go1.19.8\nlibseccomp: 2.5.4\n",
            Some(("runc", "1.1.5+ds1", "")),
        );
        check("\ncommit: 6966\nspec: 1.0.0\n", Some(("", "", "6966")));
        check(
            "crun version 0.7\nspec: 1.0.0\n+SYSTEMD +YAJL\n",
            Some(("crun", "0.7", "")),
        );
        check(
            "youki version: 0.7.0\ncommit: 0.7.0-VERGEN_IDEMPOTENT_OUTPUT\nspec: 1.1.0\n",
            Some(("youki", "0.7.0", "0.7.0-VERGEN_IDEMPOTENT_OUTPUT")),
        );
        check("", None);
        check("hello world", None);
        check("spec: 1.0.0\n", None);
    }

    #[test]
    fn numbers_stop_at_the_first_oddity() {
        let numbers = |version: &str| {
            Version {
                version: version.to_owned(),
                ..Version::default()
            }
            .numbers()
        };
        assert_eq!(numbers("1.8.5"), [1, 8, 5]);
        assert_eq!(numbers("1.4"), [1, 4, 0]);
        assert_eq!(numbers("1.0.0-rc93.4"), [1, 0, 0]);
        assert_eq!(numbers("1-rc.7"), [1, 0, 0]);
        assert_eq!(numbers("99999999999.1"), [0, 1, 0]);
        assert_eq!(numbers(""), [0, 0, 0]);
    }
}
