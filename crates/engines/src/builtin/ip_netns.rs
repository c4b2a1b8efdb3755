//! `ip netns`: network namespaces that a person named. Only that person removes them.

use super::say::{Line, place, root};
use crate::engine::Engine;
use crate::engine::Fate::Tell;

const NETNS: &[Line] = &[(Tell, "<name>", "network namespace that a person named")];

pub(super) fn engine() -> Engine {
    let mut engine = Engine::new("ip-netns");
    engine.about = "network namespaces made by hand, with ip netns".to_owned();
    let mut netns = root("netns", NETNS);
    // The directory alone shows nothing: CNI makes it, too.
    netns.is_shared = true;
    engine.roots = vec![netns];
    engine.places = vec![place("system", &[("netns", &["/run/netns"])])];
    engine
}
