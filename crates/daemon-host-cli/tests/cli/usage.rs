//! Exit codes, help, pipes.

use std::process::Stdio;

use crate::command::{command, run, run_with};

#[test]
fn usage_errors_are_two_and_name_what_is_wrong() {
    for args in [
        &["nonsense"][..],
        &["mounts", "list", "--pid", "x"],
        &["mounts", "list", "--file", "/no/such/file"],
        &["root", "cleanup", "--dry-run", "--data-root", "relative"],
        &["root", "cleanup", "--mountinfo", "/no/such/file"],
        &["root", "cleanup", "--mountinfo", "-", "--data-root", "/"],
        &["root", "cleanup", "--mountinfo", "-", "--rule", "("],
        &["root", "cleanup", "--mountinfo", "-", "--rule", ".*"],
        &["root", "cleanup", "--mountinfo", "-", "--id", "a/b"],
        &["resolv-conf", "render", "--from", "-", "--nameserver", "x"],
        &["runtimes", "list", "--config", "/no/such/file"],
        &["addrs", "--netns", "/no/such/file"],
    ] {
        let ran = run(args).expect(2);
        assert!(!ran.stderr.is_empty(), "{args:?}");
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn a_time_that_no_clock_reaches_is_no_end() {
    let end = u64::MAX.to_string();
    for what in ["mounts", "resolv-conf"] {
        run(&[what, "watch", "--count", "0", "--seconds", &end]).expect(0);
    }
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    for args in [
        &["report"][..],
        &["mounts", "list"],
        &["mounts", "watch"],
        &["mounts", "holders"],
        &["mounts", "safe-to-remove"],
        &["mounts", "peers"],
        &["root", "status"],
        &["root", "prepare"],
        &["root", "release"],
        &["root", "cleanup"],
        &["resolv-conf", "select"],
        &["resolv-conf", "render"],
        &["resolv-conf", "lint"],
        &["resolv-conf", "explain"],
        &["resolv-conf", "watch"],
        &["addrs"],
        &["rro"],
        &["runtimes", "list"],
        &["runtimes", "check"],
        &["runtimes", "resolve"],
        &["runtimes", "gc"],
        &["run"],
        &["reload"],
        &["demo"],
        &["completions"],
        &["man"],
    ] {
        let mut args = args.to_vec();
        args.push("--help");
        let ran = run(&args).expect(0);
        assert!(ran.stdout.contains("Examples:"), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn completions_and_man_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(&["completions", shell])
                .expect(0)
                .stdout
                .contains("daemon-host")
        );
    }
    assert!(run(&["man"]).expect(0).stdout.contains(".TH"));
    let dir = tempfile::tempdir().unwrap();
    run(&["man", "--out", dir.path().to_str().unwrap()]).expect(0);
    assert!(dir.path().join("daemon-host-root-cleanup.1").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let table: String = (0..20_000)
        .map(|id| format!("{id} 0 0:1 / /m{id} rw - t s rw\n"))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("table");
    std::fs::write(&file, table).unwrap();
    let mut child = command(&["mounts", "list", "--file", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = crate::command::Ran::new(&child.wait_with_output().unwrap());
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.code, 0);
}

#[test]
fn output_to_a_pipe_has_no_colour_and_no_folds() {
    let long = format!("/{}", "x".repeat(300));
    let row = format!("1 0 0:1 / {long} rw - t s rw\n");
    let ran = run_with(&["mounts", "list", "--file", "-"], row.as_bytes()).expect(0);
    assert!(ran.stdout.contains(&long));
    assert!(!ran.stdout.contains('\u{1b}'));
    let ran = run_with(
        &["--color", "always", "mounts", "list", "--file", "-"],
        row.as_bytes(),
    );
    assert!(ran.expect(0).stdout.contains('\u{1b}'));
}

/// What a real bash completes for a line of words, the last of which is not finished.
fn completed_by_bash(words: &[&str]) -> String {
    let script = run(&["completions", "bash"]).expect(0).stdout;
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.len() - 1, words[words.len() - 2]);
    let harness = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; COMPREPLY=()\n\
         function=$(complete -p daemon-host | sed -E 's/.*-F ([^ ]+).*/\\1/')\n\
         $function daemon-host '{}' '{before}'; printf '%s ' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words[last],
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &harness])
        .output();
    crate::command::Ran::new(&output.unwrap()).expect(0).stdout
}

#[test]
fn bash_completes_behind_the_first_word() {
    for (words, wanted) in [
        (&["daemon-host", "ro"][..], "root"),
        (&["daemon-host", "root", "cl"], "cleanup"),
        (&["daemon-host", "root", "cleanup", "--none"], "--none-live"),
        (&["daemon-host", "report", "--format", ""], "openmetrics"),
        (&["daemon-host", "resolv-conf", "r"], "render"),
    ] {
        let said = completed_by_bash(words);
        assert!(
            said.split_whitespace().any(|word| word == wanted),
            "{words:?}: {said}"
        );
    }
}

#[test]
fn a_table_of_nonsense_is_an_error_that_says_what_it_looks_like() {
    let row = "1 0 0:1 / /var/lib/docker/a rw - tmpfs s rw\n";
    let utf16: Vec<u8> = row.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [&[0xff, 0xfe][..], &utf16].concat();
    let utf32: Vec<u8> = row.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    let utf32 = [&[0xff, 0xfe, 0, 0][..], &utf32].concat();
    let ended = |end: &[u8]| [row.trim_end().as_bytes(), end].concat().repeat(3);
    for (table, looks) in [
        (&b"tmpfs /run tmpfs rw,nosuid 0 0\n"[..], "/proc/mounts"),
        (b"tmpfs on /run type tmpfs (rw)\n", "mount(8)"),
        (b"    1 0 0:1 / / rw - t s rw\n", "indented"),
        (b"1: 1 0 0:1 / / rw - t s rw\n", "numbered"),
        (b"     1\t1 0 0:1 / / rw - t s rw\n", "numbered"),
        (b"     1:1 0 0:1 / / rw - t s rw\n", "numbered"),
        (b"1:1 0 0:1 / / rw - t s rw\n2:x\n", "numbered"),
        (&utf16[2..], "UTF-16"),
        (&utf32, "UTF-32"),
        (b"\xfd7zXZ\0\0\x04\xe6\n", "xz"),
        (b"BZh91AY&SY\0\x01\n", "bzip2"),
        (b"\x28\xb5\x2f\xfd\x04\0\n", "zstd"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\n", "binary"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (&ended(b"\r"), "CR line ends"),
        (&ended(b"\0"), "NUL"),
        (&ended(b"\r\n"), "CR LF line ends"),
        (&utf16, "UTF-16"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"),
        (b"hello\n", "not a mountinfo table"),
    ] {
        for args in [
            &["mounts", "list", "--file", "-"][..],
            &["mounts", "tree", "--file", "-"],
            &["root", "cleanup", "--mountinfo", "-"],
        ] {
            let ran = run_with(args, table).expect(2);
            assert!(
                ran.stderr.contains(looks),
                "{args:?}: {looks}: {}",
                ran.stderr
            );
            assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        }
    }
    run_with(
        &["mounts", "list", "--file", "-"],
        &[row.as_bytes(), b"x\n"].concat(),
    )
    .expect(0);
}

#[test]
fn a_table_that_is_partly_nonsense_makes_a_plan_uncertain() {
    let id = "a".repeat(64);
    let root = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n";
    let row = format!("2 1 0:9 / /var/lib/docker/overlay2/{id}/merged rw - overlay overlay rw\n");
    let plan = |table: &[u8]| run_with(&["root", "cleanup", "--mountinfo", "-"], table);
    let whole = [root, &row].concat();
    assert!(
        plan(whole.as_bytes())
            .expect(0)
            .stdout
            .contains("1 mount to unmount")
    );
    // A mark before the first row is no part of it.
    let marked = [b"\xef\xbb\xbf", row.as_bytes(), root.as_bytes()].concat();
    assert!(
        plan(&marked)
            .expect(0)
            .stdout
            .contains("1 mount to unmount")
    );
    let utf16: Vec<u8> = row.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for rest in [&b"x\n"[..], &utf16, &row.as_bytes()[..40]] {
        let ran = plan(&[root.as_bytes(), rest].concat()).expect(1);
        assert!(ran.stdout.contains("line 2 is malformed"), "{}", ran.stdout);
    }
    // The name of a directory may have a CR.
    let odd = whole.replace("/merged", "/mer\rged");
    plan(odd.as_bytes()).expect(0);
}
