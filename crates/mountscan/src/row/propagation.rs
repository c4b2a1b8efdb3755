//! Reads propagation tags, the optional fields of a row, and what they mean together. Pure.

use std::fmt;

use memchr::memchr;

/// A peer group: mounts that pass mount events to each other (`shared:N`, `master:N`).
///
/// The number is the kernel's, in decimal as in mountinfo. It is reused when the group is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerGroup(pub u32);

impl fmt::Display for PeerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One optional field of a row.
///
/// # References
///
/// `proc_pid_mountinfo(5)`, `mount_namespaces(7)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PropagationTag<'t> {
    /// `shared:N`: it is a member of peer group N.
    Shared(PeerGroup),
    /// `master:N`: it receives events from peer group N.
    Master(PeerGroup),
    /// `propagate_from:N`: its master is outside the reader's root. N is the nearest dominant group
    /// inside.
    PropagateFrom(PeerGroup),
    /// `unbindable`: private, and cannot be the source of a bind.
    Unbindable,
    /// A tag that this version does not know, as the kernel printed it.
    Unknown(&'t [u8]),
}

/// The propagation type: how mount and unmount events travel to and from a mount.
///
/// # References
///
/// `mount_namespaces(7)`, "Propagation types".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Propagation {
    /// It receives no events and sends none.
    Private,
    /// It is private, and cannot be bound elsewhere.
    Unbindable,
    /// It exchanges events with its peers.
    Shared(PeerGroup),
    /// It receives events from a master and sends none.
    Slave {
        /// The group from which it receives events.
        master: PeerGroup,
    },
    /// It receives events from a master, and exchanges events with its own peers.
    SharedSlave {
        /// The group of which it is a member.
        peers: PeerGroup,
        /// The group from which it receives events.
        master: PeerGroup,
    },
}

impl Propagation {
    pub(crate) fn of(
        shared: Option<PeerGroup>,
        master: Option<PeerGroup>,
        is_unbindable: bool,
    ) -> Propagation {
        match (shared, master) {
            (Some(peers), Some(master)) => Self::SharedSlave { peers, master },
            (Some(peers), None) => Self::Shared(peers),
            (None, Some(master)) => Self::Slave { master },
            (None, None) if is_unbindable => Self::Unbindable,
            (None, None) => Self::Private,
        }
    }

    /// Whether it sends events: it is a member of a peer group.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Shared(_) | Self::SharedSlave { .. })
    }

    /// Whether it receives events from a master.
    pub fn is_slave(self) -> bool {
        matches!(self, Self::Slave { .. } | Self::SharedSlave { .. })
    }
}

impl fmt::Display for Propagation {
    /// The words of findmnt: `private`, `shared`, `private,slave`, `shared,slave`,
    /// `private,unbindable`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Unbindable => "private,unbindable",
            Self::Shared(_) => "shared",
            Self::Slave { .. } => "private,slave",
            Self::SharedSlave { .. } => "shared,slave",
        })
    }
}

/// The optional fields of a row, in the order of the table.
#[derive(Debug, Clone)]
pub struct PropagationTags<'t> {
    rest: &'t [u8],
}

impl<'t> PropagationTags<'t> {
    /// `text` is the text between the mount options and the separator, without the outer blanks.
    pub(crate) fn new(text: &'t [u8]) -> Self {
        PropagationTags { rest: text }
    }

    pub(crate) fn propagation(self) -> Propagation {
        let (mut shared, mut master, mut unbindable) = (None, None, false);
        for tag in self {
            match tag {
                PropagationTag::Shared(group) => shared = Some(group),
                PropagationTag::Master(group) => master = Some(group),
                PropagationTag::Unbindable => unbindable = true,
                PropagationTag::PropagateFrom(_) | PropagationTag::Unknown(_) => {}
            }
        }
        Propagation::of(shared, master, unbindable)
    }
}

impl<'t> Iterator for PropagationTags<'t> {
    type Item = PropagationTag<'t>;

    fn next(&mut self) -> Option<PropagationTag<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let (word, rest) = match memchr(b' ', self.rest) {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.rest = rest;
        Some(parse_tag(word))
    }
}

fn parse_tag(word: &[u8]) -> PropagationTag<'_> {
    let known = if let Some(number) = word.strip_prefix(b"shared:") {
        group(number).map(PropagationTag::Shared)
    } else if let Some(number) = word.strip_prefix(b"master:") {
        group(number).map(PropagationTag::Master)
    } else if let Some(number) = word.strip_prefix(b"propagate_from:") {
        group(number).map(PropagationTag::PropagateFrom)
    } else if word == b"unbindable" {
        Some(PropagationTag::Unbindable)
    } else {
        None
    };
    known.unwrap_or(PropagationTag::Unknown(word))
}

fn group(number: &[u8]) -> Option<PeerGroup> {
    crate::row::parse::decimal(number).map(PeerGroup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_known_tags_and_keeps_unknown_ones() {
        let tags: Vec<_> = PropagationTags::new(
            b"shared:4 master:9 propagate_from:2 unbindable future:tag shared:x",
        )
        .collect();
        assert_eq!(
            tags,
            [
                PropagationTag::Shared(PeerGroup(4)),
                PropagationTag::Master(PeerGroup(9)),
                PropagationTag::PropagateFrom(PeerGroup(2)),
                PropagationTag::Unbindable,
                PropagationTag::Unknown(b"future:tag"),
                PropagationTag::Unknown(b"shared:x"),
            ]
        );
    }

    #[track_caller]
    fn check(text: &str, want: Propagation) {
        assert_eq!(PropagationTags::new(text.as_bytes()).propagation(), want);
    }

    #[test]
    fn tags_make_a_propagation_type() {
        check("", Propagation::Private);
        check("unbindable", Propagation::Unbindable);
        check("shared:1", Propagation::Shared(PeerGroup(1)));
        check(
            "master:1 propagate_from:7",
            Propagation::Slave {
                master: PeerGroup(1),
            },
        );
        check(
            "shared:2 master:1",
            Propagation::SharedSlave {
                peers: PeerGroup(2),
                master: PeerGroup(1),
            },
        );
    }
}
