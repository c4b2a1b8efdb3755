//! Option values that no container gets.

use resolvconf::readers::{ALL, Trouble};
use resolvconf::{TransformOptions, parse, transform};

use crate::transform::plain;

/// A refused value is as if it were not there: the sound one before or after it counts.
#[test]
fn a_refused_value_replaces_no_sound_one() {
    for name in ["ndots", "timeout", "attempts"] {
        for refused in ["x", "", "-1", "99999999999"] {
            for between in ["\noptions ", " ", "\noptions rotate\noptions "] {
                let (sound, refused) = (format!("{name}:3"), format!("{name}:{refused}"));
                for pair in [[&sound, &refused], [&refused, &sound]] {
                    let host = format!("options {}{between}{}\n", pair[0], pair[1]);
                    let (text, warnings) = plain(host.as_bytes(), &TransformOptions::default());
                    assert!(text.contains(&sound), "{host}: {text}");
                    assert!(!text.contains(&format!("{refused} ")), "{host}: {text}");
                    assert_eq!(warnings, ["dropped-option"], "{host}");
                }
            }
        }
    }
}

/// The reason says that nobody is asked only where a reader asks nobody.
#[test]
fn the_reason_of_a_refused_value_is_true() {
    for name in ["ndots", "timeout", "attempts"] {
        for value in ["", "x", "-1", "0", "2x", "99999999999", "4294967296"] {
            let host = format!("nameserver 192.0.2.1\noptions {name}:{value}\n");
            let document = parse(host.as_bytes());
            let resolved = transform(&document, &TransformOptions::default());
            let Some(warning) = resolved.warnings().first() else {
                continue;
            };
            let nobody = |reader| {
                let trouble = document.effective(reader).trouble;
                matches!(trouble, Some(Trouble::AsksNobody(_)))
            };
            let said = warning.to_string().contains("ask nobody");
            assert_eq!(said, ALL.iter().any(nobody), "{host}: {warning}");
            assert!(!said || name != "ndots", "{warning}");
            if warning.to_string().contains("the same value") {
                let taken = |reader| {
                    let effective = document.effective(reader);
                    (effective.ndots, effective.timeout, effective.attempts)
                };
                let first = taken(&ALL[0]);
                assert!(ALL.iter().any(|reader| taken(reader) != first), "{host}");
            }
        }
    }
}
