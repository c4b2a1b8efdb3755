//! `report --since`: what has become many since an earlier report, on real mounts.

use crate::holders::isolated;

#[test]
fn a_growth_of_copies_is_found_by_an_earlier_report() {
    let script = "echo '{}' > none.json
        R=\"--no-probe --config $T/none.json --data-root $T/none --exec-root $T/none\"
        many() { for i in $(seq $1 $2); do mkdir b$i; mount --bind m b$i; done; }
        many 1 6; $D report $R --json > before || test $? = 1
        $D report $R --since before > same || test $? = 1
        if grep -q 'show the same directory' same; then exit 9; fi
        many 7 16; $D report $R --since before --json || test $? = 1
        for wrong in none.json before.gone; do
            $D report $R --since $wrong >&2 && exit 9 || test $? = 2; done
        mkfifo fifo; for odd in fifo /dev/zero .; do
            $D report $R --since $odd >&2 && exit 9 || test $? = 2; done
        sed 's/\"host\": \"/&other-/' before > other
        $D report $R --since other >&2 && exit 9 || test $? = 2";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let value = ran.json();
    let findings = value["findings"].as_array().unwrap().iter();
    let mut said = findings.map(|finding| finding["what"].as_str().unwrap());
    let grown = said.find(|what| what.contains("show the same directory"));
    let grown = grown.unwrap_or_else(|| panic!("{value:#}"));
    assert!(grown.starts_with("17 mounts show"), "{grown}");
    assert!(grown.ends_with("/m, 7 before"), "{grown}");
    let repeated = value["mounts"]["repeated"].as_array().unwrap();
    assert!(repeated.iter().any(|one| one["count"] == 17), "{value:#}");
    for words in [
        "no JSON report of this command",
        "before.gone",
        "is a FIFO, not a regular file",
        "is a character device",
        "is a directory",
        "it is of host \"other-",
    ] {
        assert!(ran.stderr.contains(words), "no {words:?}: {}", ran.stderr);
    }
}
