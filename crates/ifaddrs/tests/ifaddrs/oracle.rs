//! The typed messages of the rtnetlink family, decoded from a dump of our own.

use std::collections::BTreeMap;

use ifaddrs::all;
use rtnetlink::packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::sys::{Socket, protocols::NETLINK_ROUTE};

use crate::kinds::every_kind;
use crate::net::Net;
use support::namespace::own;
use support::space::Space;

fn dump() -> Vec<AddressMessage> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_DUMP | NLM_F_REQUEST;
    let payload = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let mut request = NetlinkMessage::new(header, NetlinkPayload::from(payload));
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);
    let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
    socket.bind_auto().unwrap();
    socket.send(&bytes, 0).unwrap();
    let mut found = vec![];
    loop {
        let (datagram, _) = socket.recv_from_full().unwrap();
        let mut rest = &datagram[..];
        while !rest.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).unwrap();
            rest = &rest[(message.header.length as usize)
                .next_multiple_of(4)
                .min(rest.len())..];
            match message.payload {
                NetlinkPayload::Done(_) => return found,
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(address)) => {
                    found.push(address);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_typed_decoder_sees_the_same() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        net.up("lo");
        let bridge = net.bridge("br0");
        for spec in every_kind("br0") {
            net.add(bridge, &spec).unwrap();
        }
        let mut ours = BTreeMap::new();
        for address in all().unwrap().into_iter().flat_map(|one| one.addrs) {
            let on_wire = address
                .peer
                .map_or((address.address, address.prefix_len), |p| {
                    (p.addr(), p.len())
                });
            ours.insert((address.ifindex, address.address, on_wire), address);
        }
        let theirs = dump();
        assert_eq!(ours.len(), theirs.len());
        for message in theirs {
            let attribute =
                |pick: fn(&AddressAttribute) -> bool| message.attributes.iter().find(|a| pick(a));
            let Some(AddressAttribute::Address(address)) =
                attribute(|a| matches!(a, AddressAttribute::Address(_)))
            else {
                panic!("{message:?}")
            };
            let local = match attribute(|a| matches!(a, AddressAttribute::Local(_))) {
                Some(AddressAttribute::Local(local)) => *local,
                _ => *address,
            };
            let key = (
                message.header.index,
                local,
                (*address, message.header.prefix_len),
            );
            let ours = ours
                .remove(&key)
                .unwrap_or_else(|| panic!("{key:?} is missing"));
            assert_eq!(u8::from(message.header.scope), ours.scope.0);
            for attribute in &message.attributes {
                match attribute {
                    AddressAttribute::Flags(flags) => {
                        // Duplicate address detection may have ended between the two.
                        let settled = !0x40;
                        assert_eq!(
                            flags.bits() & settled,
                            ours.flags.bits() & settled,
                            "{ours:?}"
                        );
                    }
                    AddressAttribute::Label(label) => {
                        assert_eq!(
                            Some(label.as_str()),
                            ours.label.as_ref().and_then(|l| l.to_str())
                        );
                    }
                    AddressAttribute::Broadcast(broadcast) => {
                        assert_eq!(Some(*broadcast), ours.broadcast);
                    }
                    AddressAttribute::CacheInfo(info) => {
                        let forever = info.ifa_valid == u32::MAX;
                        assert_eq!(forever, ours.valid_for.is_none());
                    }
                    _ => {}
                }
            }
        }
    });
}
