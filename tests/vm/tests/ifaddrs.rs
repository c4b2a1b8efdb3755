//! ifaddrs on real kernels.

use support::link::{Address, Links};
use support::namespace::isolated;

#[test]
#[ignore = "vm: needs root in a guest"]
fn links_of_every_kind_can_be_made() {
    isolated(|| {
        let links = Links::open();
        links.dummy("d0");
        links.veth("v0", "v1");
        links.bridge("b0");
        links.up("d0");
        links.altname("d0", &"long".repeat(30));
        links.add("d0", &Address::new("10.1.2.3/24"));
        links.add(
            "d0",
            &Address {
                flags: 0x02,
                ..Address::new("fd00::1/64")
            },
        );
        links.add(
            "v0",
            &Address {
                peer: Some("10.9.0.2".parse().unwrap()),
                ..Address::new("10.9.0.1/32")
            },
        );
        links.remove_address("d0", &Address::new("10.1.2.3/24"));
        links.remove("v0");
    });
}
