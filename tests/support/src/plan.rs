//! The list of tests that the host hands to PID 1: `/vm/plan` in the image.
//!
//! One test a line: time limit in seconds, path of the binary, name of the
//! test, then any number of `NAME=VALUE` for its environment, parted by tabs. A
//! kernel command line would hold 2 KiB of this.

use std::time::Duration;

/// Where the plan lies in the guest.
pub const PATH: &str = "/vm/plan";

/// One test to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The binary's path in the guest.
    pub binary: String,
    /// The test's full name in that binary.
    pub test: String,
    /// When to give it up.
    pub limit: Duration,
    /// What it finds in its environment, name and value.
    pub env: Vec<(String, String)>,
}

/// The plan as text.
#[must_use]
pub fn render(items: &[Item]) -> String {
    let line = |item: &Item| {
        let Item { binary, test, .. } = item;
        let env = item.env.iter();
        let env: String = env
            .map(|(name, value)| format!("\t{name}={value}"))
            .collect();
        format!("{}\t{binary}\t{test}{env}\n", item.limit.as_secs())
    };
    items.iter().map(line).collect()
}

/// Reads a plan; the error is the line of another form.
///
/// # Errors
/// A line that has not three fields, whose time limit is no number, or whose
/// fourth or later field is no `NAME=VALUE`.
pub fn parse(text: &str) -> Result<Vec<Item>, String> {
    text.lines()
        .map(|line| item(line).ok_or_else(|| line.to_owned()))
        .collect()
}

fn item(line: &str) -> Option<Item> {
    let mut fields = line.split('\t');
    let limit = Duration::from_secs(fields.next()?.parse().ok()?);
    let (binary, test) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    let env = fields.map(variable).collect::<Option<_>>()?;
    Some(Item {
        binary,
        test,
        limit,
        env,
    })
}

/// `NAME=VALUE` as name and value.
#[must_use]
pub fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_the_image() {
        let items = vec![
            Item {
                binary: "/t/a".into(),
                test: "m::one".into(),
                limit: Duration::from_secs(60),
                env: vec![("A".into(), "1=2".into()), ("B".into(), String::new())],
            },
            Item {
                binary: "/t/b".into(),
                test: "two".into(),
                limit: Duration::from_secs(5),
                env: Vec::new(),
            },
        ];
        assert_eq!(parse(&render(&items)), Ok(items));
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("60\t/t/a\tx\t=1"), Err("60\t/t/a\tx\t=1".to_owned()));
        assert_eq!(parse("60\t/t/a"), Err("60\t/t/a".to_owned()));
        assert_eq!(parse("soon\t/t/a\tx"), Err("soon\t/t/a\tx".to_owned()));
    }
}
