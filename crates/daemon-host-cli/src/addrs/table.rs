//! Shows links and addresses as a table for people.

use daemon_host::ifaddrs::{Address, LinkAddrs};

use crate::output::{Cell, Ink, Table};

pub(crate) fn table(links: &[LinkAddrs]) -> Table {
    let mut table = Table::new(&["LINK", "INDEX", "ADDRESS", "SCOPE", "FLAGS"]).right(1);
    for link in links {
        let name = link.name.to_string_lossy().into_owned();
        let Some(index) = link.ifindex() else {
            let none = Cell::inked(Ink::Warn, "no such link");
            table.row([name.into(), "-".into(), none, "".into(), "".into()]);
            continue;
        };
        let mut first = [Cell::inked(Ink::Head, name), index.to_string().into()];
        if link.addrs.is_empty() {
            let [name, index] = first;
            let none = Cell::inked(Ink::Dim, "-");
            table.row([name, index, none, "".into(), "".into()]);
            continue;
        }
        for address in &link.addrs {
            let [name, index] = std::mem::replace(&mut first, ["".into(), "".into()]);
            let [text, scope, flags] = address_cells(address);
            table.row([name, index, text, scope, flags]);
        }
    }
    table
}

fn address_cells(address: &Address) -> [Cell; 3] {
    let flags: Vec<_> = address.flag_names().collect();
    let unusable = flags
        .iter()
        .any(|flag| ["dadfailed", "tentative", "deprecated"].contains(flag));
    let ink = if unusable { Ink::Warn } else { Ink::Dim };
    [
        address.to_string().into(),
        address.scope.to_string().into(),
        Cell::inked(ink, flags.join(" ")),
    ]
}
