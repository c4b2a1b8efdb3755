//! The record of the last write. It shows whether the content of a file is ours.
//!
//! The record holds the texts themselves, not digests. It is about a kilobyte. A crash may leave a
//! file half rewritten. Only the texts can show that this is not a user's edit.

/// The texts of the last write to a container's file, which may still be going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether the rewrite is finished.
    pub(crate) phase: Phase,
    /// The content of the file before the write.
    pub(crate) previous: Vec<u8>,
    /// The content of the file after the write.
    pub(crate) current: Vec<u8>,
}

/// Whether a rewrite is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It may have been cut off at any point.
    Pending,
    /// It is finished and on the disk.
    Settled,
}

/// What the record says about a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the text that we wrote, or the text before a rewrite that never began.
    Ours,
    /// A rewrite was cut off in the middle.
    Interrupted,
    /// Someone else changed it.
    Edited,
}

const MAGIC: &str = "resolvconf-state 2 ";

/// Where the word for the phase begins. The word is changed in place.
pub(crate) const PHASE_OFFSET: u64 = MAGIC.len() as u64;

impl Phase {
    /// The word in the record. Both words have the same length, so that one can replace the other.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Settled => "settled",
        }
    }
}

impl State {
    /// The record's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = format!("{MAGIC}{}\n", self.phase.as_str()).into_bytes();
        for (name, text) in [("previous", &self.previous), ("current", &self.current)] {
            bytes.extend_from_slice(format!("{name} {}\n", text.len()).as_bytes());
            bytes.extend_from_slice(text);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(b"end\n");
        bytes
    }

    /// Reads a record; `None` when the bytes are not a record.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
        let (phase, rest) = split_line(rest)?;
        let phase = match phase {
            b"pending" => Phase::Pending,
            b"settled" => Phase::Settled,
            _ => return None,
        };
        let (previous, rest) = split_text(rest, b"previous ")?;
        let (current, rest) = split_text(rest, b"current ")?;
        (rest == b"end\n").then(|| Self {
            phase,
            previous: previous.to_vec(),
            current: current.to_vec(),
        })
    }

    /// What the record says about a content.
    pub(crate) fn standing(&self, content: &[u8]) -> Standing {
        if content == self.current {
            return Standing::Ours;
        }
        // After a finished write nothing of ours can be half done, so any other text is an edit.
        if self.phase == Phase::Settled {
            return Standing::Edited;
        }
        if is_padded(content, &self.previous) || is_padded(content, &self.current) {
            return Standing::Ours;
        }
        if self.is_mixture(content) {
            return Standing::Interrupted;
        }
        Standing::Edited
    }

    /// Whether each byte comes from the old text, the new text, or the padding of one of them. A
    /// rewrite leaves such a file if it is cut off, or if only some pages reached the disk.
    fn is_mixture(&self, content: &[u8]) -> bool {
        let longest = self.previous.len().max(self.current.len());
        let byte = |text: &[u8], at: usize| text.get(at).copied().unwrap_or(PADDING);
        content.len() <= longest
            && content.iter().enumerate().all(|(at, &found)| {
                // After a power cut, a block that was allocated but never written reads as NUL
                // bytes.
                found == 0 || found == byte(&self.previous, at) || found == byte(&self.current, at)
            })
    }
}

/// The byte that fills a file up while its length changes: empty lines, which every reader skips.
pub(crate) const PADDING: u8 = b'\n';

fn is_padded(content: &[u8], text: &[u8]) -> bool {
    let padding = content.strip_prefix(text);
    padding.is_some_and(|padding| padding.iter().all(|&byte| byte == PADDING))
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&b| b == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn split_text<'a>(bytes: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (length, rest) = split_line(bytes.strip_prefix(name)?)?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((text, rest.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(phase: Phase) -> State {
        State {
            phase,
            previous: b"nameserver 192.0.2.1\n".to_vec(),
            current: b"nameserver 192.0.2.22\noptions edns0\n".to_vec(),
        }
    }

    #[test]
    fn records_read_back() {
        for phase in [Phase::Pending, Phase::Settled] {
            let mut state = state(phase);
            state.previous = b"\nend\n\0\xff current 3".to_vec();
            let bytes = state.encode();
            assert_eq!(State::decode(&bytes), Some(state));
            for cut in 0..bytes.len() {
                assert_eq!(State::decode(&bytes[..cut]), None, "cut at {cut}");
            }
            let at = usize::try_from(PHASE_OFFSET).unwrap();
            assert!(bytes[at..].starts_with(phase.as_str().as_bytes()));
        }
        assert_eq!(Phase::Pending.as_str().len(), Phase::Settled.as_str().len());
        assert_eq!(
            State::decode(b"resolvconf-state 2 pending\nprevious 99999999999999999999\n"),
            None
        );
    }

    #[test]
    fn every_point_of_a_rewrite_is_ours() {
        let state = state(Phase::Pending);
        let length = state.current.len();
        for grown in state.previous.len()..=length {
            let mut content = state.previous.clone();
            content.resize(grown, PADDING);
            assert_eq!(state.standing(&content), Standing::Ours);
        }
        for done in 0..=length {
            let mut content = state.previous.clone();
            content.resize(length, PADDING);
            content[..done].copy_from_slice(&state.current[..done]);
            assert_ne!(
                state.standing(&content),
                Standing::Edited,
                "{done} bytes done"
            );
        }
        let mut lost_pages = state.current.clone();
        lost_pages[5..].fill(0);
        assert_eq!(state.standing(&lost_pages), Standing::Interrupted);
    }

    #[test]
    fn edits_are_seen() {
        let settled = state(Phase::Settled);
        assert_eq!(settled.standing(&settled.previous), Standing::Edited);
        assert_eq!(settled.standing(b""), Standing::Edited);
        let pending = state(Phase::Pending);
        let edits = [
            &b"nameserver 192.0.2.3\n"[..],
            b"# mine\nnameserver 192.0.2.1\n",
        ];
        for edit in edits {
            assert_eq!(settled.standing(edit), Standing::Edited);
            assert_eq!(pending.standing(edit), Standing::Edited);
        }
        let appended = [&pending.current[..], b"search a\n"].concat();
        assert_eq!(pending.standing(&appended), Standing::Edited);
    }
}
