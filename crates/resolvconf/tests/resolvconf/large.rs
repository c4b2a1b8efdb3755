//! Files so large that the check of single lines ends before the file does.

use resolvconf::readers::ALL;
use resolvconf::{Diagnostic, DiagnosticKind as Kind, parse};

fn of_kind<'a, 'd>(found: &'a [Diagnostic<'d>], kind: Kind) -> Vec<&'a Diagnostic<'d>> {
    found.iter().filter(|d| d.kind() == kind).collect()
}

/// The check ends at one line and names it. What readers take from the lines after it is known.
#[test]
fn the_check_of_lines_ends_and_says_so() {
    let odd = "\u{b}search a\n".repeat(100_000);
    let text = format!("{odd}options attempts:0\nnameserver 192.0.2.1\n");
    let document = parse(text.as_bytes());
    let found = document.diagnostics_for(&ALL);
    let ends = of_kind(&found, Kind::NotChecked);
    let [end] = &ends[..] else {
        panic!("{ends:?}");
    };
    let odd = of_kind(&found, Kind::OddBlank);
    let told: usize = odd.iter().map(|d| 1 + d.more()).sum();
    assert_eq!(told, end.line() - 1);
    assert!(told > 1000, "{told}");
    let left = format!("{} lines after it", 100_002 - end.line());
    assert!(end.to_string().contains(&left), "{end}");
    // Nothing of this line was looked at.
    assert!(end.subject().is_empty());
    assert!(
        end.to_string().contains("this line is not checked, and"),
        "{end}"
    );
    assert_eq!(end.readers().count(), ALL.len());
    let harm = of_kind(&found, Kind::OptionBelowLimit);
    assert_eq!(harm.iter().map(|d| d.line()).collect::<Vec<_>>(), [100_001]);
    assert!(of_kind(&found, Kind::NoNameservers).is_empty());
}

/// Whether the last line of a file of this size is checked, if all others are this line.
#[track_caller]
fn all_checked(size: usize, line: &str) {
    let last = "nameserver x\n";
    let text = line.repeat((size - last.len()) / line.len()) + last;
    let found = parse(text.as_bytes());
    let found = found.diagnostics();
    assert!(of_kind(&found, Kind::NotChecked).is_empty(), "{line:?}");
    assert_eq!(of_kind(&found, Kind::InvalidNameserver).len(), 1, "{line}");
}

/// The sizes that the changelog names.
#[test]
fn usual_lines_are_all_checked() {
    for line in [
        "nameserver 192.0.2.1\n",
        "nameserver 1.1.1.1\n",
        "search one.test two.test\n",
        "# a comment\n",
        "#\n",
        "\n",
    ] {
        all_checked(1 << 20, line);
    }
    for line in [
        "nameserver 2001:db8::53\n",
        "nameserver ::1\n",
        "search a\n",
        "domain a\n",
        "domain\n",
        "options ndots:1\n",
        "options rotate\n",
        "options\n",
        "sortlist 192.0.2.0/255.255.255.0\n",
        "sortlist\n",
    ] {
        all_checked(1 << 19, line);
    }
}

/// One line that is too long to be checked whole: its first words are.
#[test]
fn a_line_of_a_megabyte_is_checked_in_part() {
    let words = " a".repeat(1 << 19);
    let text = format!("nameserver 192.0.2.1\noptions{words} timeout:x\nnameserver x\n");
    let document = parse(text.as_bytes());
    let found = document.diagnostics();
    let ends = of_kind(&found, Kind::NotChecked);
    assert_eq!(ends.iter().map(|d| d.line()).collect::<Vec<_>>(), [2]);
    assert!(ends[0].subject().starts_with(b"options a a"));
    assert!(ends[0].to_string().contains("not checked to its end"));
    let unknown = of_kind(&found, Kind::UnknownOption);
    let told: usize = unknown.iter().map(|d| 1 + d.more()).sum();
    assert!((1 << 16..1 << 19).contains(&told), "{told}");
    assert!(of_kind(&found, Kind::InvalidNameserver).is_empty());
}

/// No finding is about a piece of a word, and the length is that of the whole line.
#[test]
fn what_is_cut_off_makes_no_finding() {
    for first in 1..4 {
        let words = " timeout:20".repeat(1 << 16) + " timeout:20\n";
        let text = format!("nameserver 192.0.2.1\noptions {}{words}", "x".repeat(first));
        let document = parse(text.as_bytes());
        let found = document.diagnostics_for(&ALL);
        let line = text.lines().nth(1).unwrap();
        assert_eq!(of_kind(&found, Kind::NotChecked).len(), 1);
        for told in of_kind(&found, Kind::LongLine) {
            let length = format!("{} bytes", line.len());
            assert!(told.to_string().contains(&length), "{told}");
        }
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let whole = found.iter().filter(|d| d.kind() != Kind::NotChecked);
        for told in whole.filter(|told| !told.subject().is_empty()) {
            assert!(words[..3].contains(&told.subject()), "{told}");
        }
    }
}

/// Small files are never cut, whatever is in them.
#[test]
fn small_files_are_checked_whole() {
    for odd in [
        "\u{b}search a\n",
        "\0\n",
        "nameserver [::1]:53\r\n",
        "options a b c\n",
    ] {
        let document = parse(odd.repeat(2000).as_bytes());
        let found = document.diagnostics_for(&ALL);
        assert!(found.len() > 1000, "{odd:?}");
        assert!(of_kind(&found, Kind::NotChecked).is_empty(), "{odd:?}");
    }
}
