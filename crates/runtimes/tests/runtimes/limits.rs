//! Files that are much larger than anybody's: the memory that they take has a bound.

use runtimes::{Config, MAX_PARTS, MAX_PROBLEMS, RuntimeEntry};

/// The messages about a file.
fn problems(text: &str) -> Vec<String> {
    let inspected = Config::inspect(text.as_bytes());
    let messages = inspected.problems.iter().map(|one| one.message.clone());
    messages.collect()
}

#[test]
fn ten_thousand_wrappers_are_read() {
    let entry = |n: usize| format!(r#""r{n}": {{"path": "/bin/x", "runtimeArgs": ["a", "b"]}}"#);
    let entries: Vec<String> = (0..10_000).map(entry).collect();
    let text = format!(r#"{{"runtimes": {{{}}}}}"#, entries.join(","));
    let parsed = Config::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.config.config().runtimes.len(), 10_000);
}

#[test]
fn more_keys_and_values_than_the_limit_are_refused_as_a_whole() {
    let many = |text: &str| vec![text; MAX_PARTS].join(",");
    for text in [
        format!(r#"{{"x": [{}]}}"#, many("1")),
        format!(r#"{{"x": [{}]}}"#, many("{}")),
        format!("{{{}}}", many(r#""k": 1"#)),
        format!(r#"{{"runtimes": {{{}}}}}"#, many(r#""k": {}"#)),
        format!(
            r#"{{"runtimes": {{"a": {{"runtimeArgs": [{}]}}}}}}"#,
            many("\"\"")
        ),
    ] {
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{:?}", &found[..found.len().min(3)]);
        let want = format!("more than {MAX_PARTS} keys and values");
        assert!(found[0].starts_with(&want), "{}", found[0]);
    }
}

#[test]
fn of_very_many_problems_the_first_are_told() {
    let entries = |count: usize| {
        let entries: Vec<String> = (0..count).map(|n| format!("\"r{n:05}\": 1")).collect();
        format!(r#"{{"runtimes": {{{}}}}}"#, entries.join(","))
    };
    assert_eq!(problems(&entries(MAX_PROBLEMS)).len(), MAX_PROBLEMS);
    let found = problems(&entries(MAX_PROBLEMS + 1));
    assert_eq!(found.len(), MAX_PROBLEMS + 1);
    assert!(
        found[0].contains("more than 10000 problems"),
        "{}",
        found[0]
    );
    assert!(found[1].contains("r00000"), "{}", found[1]);
    // What is not told is not sound either.
    let text = entries(2 * MAX_PROBLEMS);
    let inspected = Config::inspect(text.as_bytes());
    let table =
        runtimes::Runtimes::of_sound_entries(&inspected, &runtimes::TableOptions::new("/s"));
    assert!(
        table.iter().all(|row| row.stock),
        "{:?}",
        table.iter().last()
    );
    assert!(Config::parse(text.as_bytes()).is_err());
}

#[test]
fn what_no_program_can_be_given_is_a_problem() {
    let long = |length: usize| "a".repeat(length);
    for (length, is_fine) in [(4095, true), (4096, false)] {
        let path = format!("/{}", long(length - 1));
        let shim = format!("io.{}", long(length - 3));
        for (name, entry) in [
            (long(length), RuntimeEntry::program("/bin/x")),
            ("x".to_owned(), RuntimeEntry::program(path)),
            ("x".to_owned(), RuntimeEntry::shim(shim)),
        ] {
            let mut config = Config::default();
            config.runtimes.insert(name, entry);
            let found = config.check();
            assert_eq!(found.is_ok(), is_fine, "{length}");
            let message = found
                .err()
                .map_or_else(String::new, |found| found.to_string());
            assert!(message.len() < 400, "{} bytes", message.len());
        }
    }
    let text = format!(r#"{{"default-runtime": "a.{}"}}"#, long(4094));
    assert_eq!(
        problems(&text),
        ["default-runtime is longer than 4095 bytes"]
    );
    let limit = 6 << 20;
    for (length, is_fine) in [(limit - 3, true), (limit - 2, false)] {
        let mut config = Config::default();
        let entry = RuntimeEntry::wrapper("/bin/x", [long(length), "b".to_owned()]);
        config.runtimes.insert("x".to_owned(), entry);
        assert_eq!(config.check().is_ok(), is_fine, "{length}");
    }
}

#[test]
fn a_long_key_costs_no_comparison() {
    let text = format!(r#"{{"{}": 1}}"#, "default-runtime".repeat(100_000));
    let inspected = Config::inspect(text.as_bytes());
    assert_eq!(inspected.unknown[0].nearest, None);
    assert_eq!(inspected.problems, []);
}

/// Each of these would be copied once for each member.
#[test]
fn a_long_name_with_many_members_is_copied_once() {
    let long = "x".repeat(1 << 20);
    let members = vec![r#""a": 1"#; 20_000].join(",");
    for text in [
        format!(r#"{{"runtimes": {{"{long}": {{{members}}}}}}}"#),
        format!(r#"{{"{long}": {{{members}}}}}"#),
        format!(r#"{{"runtimes": {{"r": {{"options": {{"{long}": {{{members}}}}}}}}}}}"#),
        format!(r#"{{"runtimes": {{"r": {{"{long}": {{{members}}}}}}}}}"#),
    ] {
        let inspected = Config::inspect(text.as_bytes());
        assert!(inspected.problems.len() <= MAX_PROBLEMS + 1);
        let told = inspected.problems.iter().map(|one| one.message.len());
        assert!(told.max().is_some_and(|longest| longest < 2000));
        let unknown = inspected.unknown.iter().map(|one| one.key.len());
        assert!(unknown.sum::<usize>() <= 2 * long.len());
    }
}
