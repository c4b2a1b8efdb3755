//! systemd-nspawn. It mounts inside its machines only, except for one socket directory.

use super::say::{Line, place, root, texts};
use crate::engine::Engine;
use crate::engine::Fate::Sweep;

const RUN: &[Line] = &[(
    Sweep,
    "unix-export/<container>",
    "socket directory of a machine",
)];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("nspawn");
    engine.about = "systemd-nspawn".to_owned();
    engine.roots = vec![root("run", RUN)];
    engine.places = vec![place("system", &[("run", &["/run/systemd/nspawn"])])];
    engine.processes = texts(&["systemd-nspawn"]);
    engine
}
