//! What holds for every input.

use proptest::prelude::*;
use resolvconf::{Network, Text, TransformOptions, parse, transform};

use crate::strategies::file;

fn network() -> impl Strategy<Value = Network> {
    prop_oneof![
        Just(Network::None),
        Just(Network::Host),
        any::<bool>().prop_map(|ipv6| Network::Legacy { ipv6 }),
        Just(Network::Internal {
            nameserver: "127.0.0.11".parse().unwrap(),
            required_options: vec!["ndots:0".into()],
        }),
    ]
}

fn words() -> impl Strategy<Value = Option<Vec<Text>>> {
    let word = proptest::collection::vec(any::<u8>(), 0..8).prop_map(Text::from);
    proptest::option::of(proptest::collection::vec(word, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_parse(text in file()) {
        let document = parse(&text);
        prop_assert_eq!(document.as_bytes(), &text[..]);
        let raw: Vec<&[u8]> = document.lines().map(|line| line.raw).collect();
        prop_assert_eq!(raw.concat(), text.clone());
        let lines = document.lines().len();
        prop_assert_eq!(text.split_inclusive(|&b| b == b'\n').count(), lines);
        let found = document.diagnostics();
        prop_assert!(found.is_sorted_by_key(|diagnostic| diagnostic.line()));
        prop_assert!(found.iter().all(|diagnostic| diagnostic.line() <= lines));
        let told = document.explain();
        prop_assert_eq!(told.iter().filter(|line| line.line > 0).count(), lines);
        let diagnostics = told.iter().map(|line| line.diagnostics.len());
        prop_assert_eq!(diagnostics.sum::<usize>(), found.len());
    }

    /// What is written reads back as what was meant, with comments and without.
    #[test]
    fn render_then_parse(
        text in file(),
        network in network(),
        search in words(),
        options in words(),
        comments in any::<bool>(),
    ) {
        let mut wanted = TransformOptions::new(network);
        wanted.search = search;
        wanted.options = options;
        let resolved = transform(&parse(&text), &wanted);
        let rendered = resolved.render(comments);
        let again = transform(&parse(&rendered), &TransformOptions::default());
        prop_assert_eq!(again.nameservers(), resolved.nameservers());
        prop_assert_eq!(again.search(), resolved.search());
        prop_assert_eq!(again.options(), resolved.options());
        prop_assert_eq!(again.other(), resolved.other());
        prop_assert_eq!(again.render(false), resolved.render(false));
    }
}
