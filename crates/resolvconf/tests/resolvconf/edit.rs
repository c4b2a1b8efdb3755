use resolvconf::{Document, ErrorKind, Nameserver, parse};

fn servers(list: &[&str]) -> Vec<Nameserver> {
    list.iter().map(|server| server.parse().unwrap()).collect()
}

#[track_caller]
fn check(before: &[u8], edit: impl Fn(&mut Document), after: &[u8]) {
    let mut document = parse(before);
    edit(&mut document);
    let (found, expected) = (document.as_bytes().escape_ascii(), after.escape_ascii());
    assert_eq!(found.to_string(), expected.to_string());
    assert_eq!(document, parse(after), "the index fits the text");
    edit(&mut document);
    assert_eq!(document.as_bytes(), after, "a second time changes nothing");
}

#[test]
fn nameservers_keep_what_is_around_them() {
    let file = b"# top\r\n nameserver 192.0.2.1 # one\r\nfoo\r\nnameserver bad\r\nnameserver\t192.0.2.2\r\nsearch a\r\n";
    let set = |list: &'static [&str]| move |d: &mut Document| d.set_nameservers(&servers(list));
    check(file, set(&["192.0.2.1", "192.0.2.2"]), file);
    check(
        file,
        set(&["192.0.2.1", "192.0.2.3"]),
        b"# top\r\n nameserver 192.0.2.1 # one\r\nfoo\r\nnameserver bad\r\nnameserver\t192.0.2.3\r\nsearch a\r\n",
    );
    check(
        file,
        set(&["192.0.2.2"]),
        b"# top\r\nfoo\r\nnameserver bad\r\nnameserver\t192.0.2.2\r\nsearch a\r\n",
    );
    check(
        file,
        set(&["192.0.2.1", "192.0.2.9", "192.0.2.2"]),
        b"# top\r\n nameserver 192.0.2.1 # one\r\nnameserver 192.0.2.9\r\nfoo\r\nnameserver bad\r\nnameserver\t192.0.2.2\r\nsearch a\r\n",
    );
    check(
        file,
        set(&[]),
        b"# top\r\nfoo\r\nnameserver bad\r\nsearch a\r\n",
    );
}

#[test]
fn nameservers_where_there_are_none() {
    let set = |d: &mut Document| d.set_nameservers(&servers(&["192.0.2.1", "fe80::1%eth0"]));
    let lines = "nameserver 192.0.2.1\nnameserver fe80::1%eth0\n";
    check(b"", set, lines.as_bytes());
    check(b"search a", set, format!("search a\n{lines}").as_bytes());
    let before_all = |d: &mut Document| {
        d.set_nameservers(&servers(&["192.0.2.1", "192.0.2.3", "192.0.2.2"]));
    };
    check(
        b"\xef\xbb\xbfnameserver 192.0.2.2\n",
        before_all,
        b"\xef\xbb\xbfnameserver 192.0.2.1\nnameserver 192.0.2.3\nnameserver 192.0.2.2\n",
    );
}

#[test]
fn what_comes_first_after_a_removal_reads_as_before() {
    let none = |d: &mut Document| d.set_nameservers(&[]);
    let marked = b"nameserver 192.0.2.1\n\xef\xbb\xbfnameserver 192.0.2.2\n";
    check(marked, none, b"\n\xef\xbb\xbfnameserver 192.0.2.2\n");
    let marked = b"search a\r\nsearch b\r\n\xef\xbb\xbfsearch c\r\n";
    let none = |d: &mut Document| d.set_search(&[]).unwrap();
    check(marked, none, b"\r\n\xef\xbb\xbfsearch c\r\n");
    let marked = b"options a\n\xef\xbb\xbf";
    let none = |d: &mut Document| d.remove_option("a");
    check(marked, none, b"\n\xef\xbb\xbf");
    // The mark of the file goes with its line.
    check(b"\xef\xbb\xbfoptions a\n# kept\n", none, b"# kept\n");
}

#[test]
fn search_lists() {
    let set = |list: &'static [&str]| move |d: &mut Document| d.set_search(list).unwrap();
    check(
        b"search a\n\tsearch  b c \n",
        set(&["x"]),
        b"search a\n\tsearch  x \n",
    );
    check(b"domain a\n", set(&["x"]), b"domain x\n");
    check(b"domain a\n", set(&["x", "y"]), b"search x y\n");
    check(b"search a\nfoo\ndomain b\n", set(&[]), b"foo\n");
    check(b"foo", set(&["x", "y"]), b"foo\nsearch x y\n");
    check(b"search  a  b\n", set(&["a", "b"]), b"search  a  b\n");
}

#[test]
fn options() {
    let set = |o: &'static str| move |d: &mut Document| d.set_option(o).unwrap();
    check(
        b"options ndots:1  rotate\n",
        set("ndots:2"),
        b"options ndots:2  rotate\n",
    );
    check(
        b"options rotate \n",
        set("ndots:2"),
        b"options rotate ndots:2 \n",
    );
    check(b"options\n", set("ndots:2"), b"options ndots:2\n");
    check(b"# none", set("rotate"), b"# none\noptions rotate\n");
    check(
        b"options ndots:1\noptions ndots:3 ndots:4\n",
        set("ndots:2"),
        b"options ndots:1\noptions ndots:3 ndots:2\n",
    );
    let remove = |d: &mut Document| d.remove_option("ndots");
    check(
        b"options ndots:1\noptions a ndots:3 b\n",
        remove,
        b"options a b\n",
    );
    check(b"options  a  b\n", remove, b"options  a  b\n");
}

#[test]
fn what_is_not_one_word_is_refused() {
    let mut document = parse(b"search a\n");
    for word in ["", "a b", "a\nnameserver 6.6.6.6", "a\u{a0}"] {
        let error = document.set_search(&["ok", word]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidWord, "{word:?}");
        assert!(document.set_option(word).is_err());
    }
    assert_eq!(document.as_bytes(), b"search a\n");
}
