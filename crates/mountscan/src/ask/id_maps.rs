//! Asks for the id maps of a table's idmapped mounts. No text has them, so the kernel is asked for
//! each.

use crate::kernel::queries::{self, Scope};
use crate::table::mount_table::MountTable;
use crate::table::origin::Origin;

impl MountTable {
    /// Asks about each idmapped mount whose maps are not held yet.
    pub(crate) fn ask_for_id_maps(&mut self) {
        match self.origin() {
            Origin::Thread { namespace, .. } => {
                self.ask_for_id_maps_in(&Scope::namespace(*namespace));
            }
            Origin::Namespace { id } => self.ask_for_id_maps_in(&Scope::namespace(*id)),
            // In scope 0 the kernel would answer about the caller's own mounts.
            Origin::Pid { namespace, .. } if *namespace != 0 => {
                self.ask_for_id_maps_in(&Scope::namespace(*namespace));
            }
            Origin::Given | Origin::Pid { .. } | Origin::Under { .. } => {}
        }
    }

    /// Asks in this scope. Held maps stay: a mount gets its maps before it is attached anywhere,
    /// and keeps them.
    pub(crate) fn ask_for_id_maps_in(&mut self, scope: &Scope) {
        let held = self.id_maps().unwrap_or_default();
        let mut buffer = Vec::new();
        let idmapped = self.rows().filter(|row| row.id_maps().is_some());
        // Without a unique id a mount cannot be asked about.
        let ids = idmapped.filter_map(|row| row.unique_id());
        let maps = ids.map(|id| {
            let maps = match held.binary_search_by_key(&id.0, |(id, _)| *id) {
                Ok(place) => held[place].1.clone(),
                Err(_) => queries::id_maps(scope, id.0, &mut buffer),
            };
            (id.0, maps)
        });
        let maps = maps.collect();
        self.set_id_maps(maps);
    }
}
