//! systemd-nspawn. It mounts inside its machines only, except for one socket directory.

use super::say::{root, texts};
use crate::engine::Engine;
use crate::engine::Fate::Sweep;

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("nspawn");
    engine.about = "systemd-nspawn".to_owned();
    let rules = &[(
        Sweep,
        "unix-export/<container>",
        "socket directory of a machine",
    )];
    engine.roots = vec![root("run", &["/run/systemd/nspawn"], rules)];
    engine.processes = texts(&["systemd-nspawn"]);
    engine
}
