//! Any bytes.

use ifaddrs::{Body, decode};
use proptest::prelude::*;

/// A message with a plausible header around any payload.
fn framed(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(payload);
    bytes
}

fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let attribute =
        (0u16..60, proptest::collection::vec(any::<u8>(), 0..24)).prop_map(|(kind, value)| {
            let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(&value);
            bytes.resize((bytes.len() + 3) & !3, 0);
            bytes
        });
    proptest::collection::vec(attribute, 0..12).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_bytes_panic_or_run_on(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let items: Vec<_> = decode(&bytes).collect();
        prop_assert!(items.len() <= bytes.len() / 16 + 1);
        prop_assert!(items.iter().rev().skip(1).all(Result::is_ok), "ends after the first error");
    }

    #[test]
    fn plausible_messages_do_not_panic(
        kind in prop_oneof![Just(2u16), Just(3), 16u16..24],
        flags in any::<u16>(),
        family in prop_oneof![Just(0u8), Just(2), Just(10), any::<u8>()],
        header in proptest::collection::vec(any::<u8>(), 0..20),
        attributes in attributes(),
    ) {
        let payload = [&[family], &header[..], &attributes].concat();
        for message in decode(&framed(kind, flags, &payload)).flatten() {
            if let Body::Address(address) | Body::AddressGone(address) = message.body {
                let widest = if address.address.is_ipv4() { 32 } else { 128 };
                prop_assert!(address.prefix_len <= widest);
                prop_assert!(!address.to_string().is_empty());
            }
        }
    }

    #[test]
    fn cutting_a_datagram_short_never_invents_a_message(
        attributes in attributes(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut header = vec![2, 24, 0, 0];
        header.extend(3u32.to_ne_bytes());
        let bytes = framed(20, 0, &[header, attributes].concat()).repeat(3);
        let whole: Vec<_> = decode(&bytes).map(|m| m.map_err(|e| e.to_string())).collect();
        let cut = cut.index(bytes.len());
        let part: Vec<_> = decode(&bytes[..cut]).collect();
        let good = part.iter().filter(|message| message.is_ok()).count();
        prop_assert!(good <= 3 * cut / bytes.len() + usize::from(cut == bytes.len()));
        for (whole, part) in whole.iter().zip(part.into_iter().flatten()) {
            prop_assert_eq!(whole.as_ref().ok(), Some(&part));
        }
    }
}
