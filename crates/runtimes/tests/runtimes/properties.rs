//! Properties of anything: no input breaks a reader, no word is lost.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use runtimes::{Config, Features, Script, Version, is_permissible, is_script_name};

fn word() -> impl Strategy<Value = OsString> {
    prop::collection::vec(1u8..=255, 0..40).prop_map(OsString::from_vec)
}

/// JSON that looks like a configuration, mostly.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("{}".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[a-z/.\\\\]{0,8}".prop_map(|text| format!("{text:?}")),
    ];
    let key = prop::sample::select(vec![
        "runtimes",
        "default-runtime",
        "path",
        "runtimeArgs",
        "runtimeType",
        "options",
        "runc",
        "a",
        "IoUid",
        "",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let member =
            (key.clone(), inner.clone()).prop_map(|(key, value)| format!("{key:?}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6)
                .prop_map(|items| format!("{{{}}}", items.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Config::parse(&bytes);
        let _ = Features::parse(&bytes);
        let _ = Version::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_checker_and_a_daemon_agree(text in json()) {
        let inspected = Config::inspect(text.as_bytes());
        let sorted = inspected.problems.is_sorted_by_key(|problem| problem.runtime.clone());
        prop_assert!(sorted);
        match Config::parse(text.as_bytes()) {
            // The values of a sound text are sound without their text, too.
            Ok(parsed) => {
                prop_assert!(inspected.problems.is_empty());
                let again = parsed.config.config().clone().check();
                prop_assert_eq!(again, Ok(parsed.config));
            }
            Err(problems) => prop_assert_eq!(problems.into_vec(), inspected.problems),
        }
    }

    #[test]
    fn file_names_are_safe(name in any::<String>(), args in prop::collection::vec(word(), 0..4)) {
        let script = Script::new(&name, Path::new("/bin/true"), &args).unwrap();
        let file = script.file_name();
        prop_assert!(file.len() <= 165 && !file.contains('/') && !file.starts_with('.'));
        prop_assert!(is_script_name(file.as_ref()));
    }

    #[test]
    fn same_words_if_and_only_if_same_file(
        a in prop::collection::vec(prop::sample::select(vec!["", "'", " ", "a", "a b", "' '"]), 0..4),
        b in prop::collection::vec(prop::sample::select(vec!["", "'", " ", "a", "a b", "' '"]), 0..4),
    ) {
        let name = |words: &[&str]| {
            let args: Vec<OsString> = words.iter().map(OsString::from).collect();
            Script::new("n", Path::new("/p"), &args).unwrap().file_name().to_owned()
        };
        prop_assert_eq!(a == b, name(&a) == name(&b));
    }

    #[test]
    fn permissible_names_by_the_rule(name in "[a./]{0,6}") {
        let rule = !name.starts_with(['/', '.']) && !name.contains('/') && name.contains('.');
        prop_assert_eq!(is_permissible(&name), rule);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn words_arrive(own in prop::collection::vec(word(), 0..6), caller in prop::collection::vec(word(), 0..6)) {
        prop_assume!(!own.is_empty() || !caller.is_empty());
        let mut args = vec![OsString::from("%s\\0")];
        args.extend(own.iter().cloned());
        let script = Script::new("x", Path::new("/usr/bin/printf"), &args).unwrap();
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("script");
        std::fs::write(&file, script.text()).unwrap();
        let want: Vec<u8> = own
            .iter()
            .chain(&caller)
            .flat_map(|word| [word.clone().into_vec(), vec![0]].concat())
            .collect();
        for shell in crate::support::shells() {
            let output = Command::new(shell[0]).args(&shell[1..]).arg(&file).args(&caller).output().unwrap();
            prop_assert_eq!(&output.stdout, &want);
        }
    }
}
