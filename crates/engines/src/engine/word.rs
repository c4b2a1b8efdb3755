//! The words of shapes: what each stands for, as bytes and as a regular expression.

/// A word in angle brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Word {
    Id,
    Layer,
    Key,
    Container,
    Pod,
    Number,
    Name,
    Namespace,
    Path,
}

const WORDS: [(&str, Word); 10] = [
    ("id", Word::Id),
    ("layer", Word::Layer),
    ("key", Word::Key),
    ("container", Word::Container),
    ("pod", Word::Pod),
    ("number", Word::Number),
    ("uid", Word::Number),
    ("name", Word::Name),
    ("namespace", Word::Namespace),
    ("path", Word::Path),
];

/// Digits of a container or layer id.
const ID: usize = 64;
/// Letters and digits of a key of BuildKit.
const KEY: usize = 25;
/// Lengths of the UID of a pod: with its dashes, and as the digest that a static pod has instead.
const UIDS: [usize; 2] = [36, 32];

impl Word {
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = WORDS.iter().find(|(known, _)| *known == name);
        found.map(|(_, word)| *word)
    }

    pub(super) fn regex(self) -> &'static str {
        match self {
            Self::Id | Self::Layer => "[0-9a-f]{64}",
            Self::Key => "[a-z0-9]{25}",
            Self::Container => "[A-Za-z0-9][A-Za-z0-9_.\\-]*",
            Self::Pod => "(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})",
            Self::Number => "[0-9]+",
            Self::Name | Self::Namespace => "[^/]+",
            Self::Path => ".+",
        }
    }

    /// Whether it is the id of one thing: a container, a layer, a build or a pod.
    pub(super) fn is_id(self) -> bool {
        !matches!(
            self,
            Self::Number | Self::Name | Self::Namespace | Self::Path
        )
    }

    /// The group of the regular expression that says what the word is to a clean-up: the id of a
    /// container or of its layer, or the namespace of that id.
    pub(super) fn group(self) -> Option<&'static str> {
        match self {
            Self::Id | Self::Layer | Self::Container => Some("id"),
            Self::Namespace => Some("namespace"),
            _ => None,
        }
    }

    /// How long the word may be at the start of `text`, the longest first.
    pub(super) fn lengths(self, text: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let fits = |length: &usize| text.get(..*length).is_some_and(|text| self.is_whole(text));
        let fixed = match self {
            Self::Id | Self::Layer => [ID, 0],
            Self::Key => [KEY, 0],
            Self::Pod => UIDS,
            _ => [0, 0],
        };
        let fixed = fixed.map(|length| Some(length).filter(|length| *length > 0 && fits(length)));
        let run = if fixed == [None, None] {
            self.run(text)
        } else {
            0
        };
        fixed.into_iter().flatten().chain((1..=run).rev())
    }

    /// The most bytes that a word without a fixed length can take here; 0 for other words.
    fn run(self, text: &[u8]) -> usize {
        let may_be = |byte: u8, first: bool| match self {
            Self::Container => {
                byte.is_ascii_alphanumeric() || (!first && matches!(byte, b'_' | b'.' | b'-'))
            }
            Self::Number => byte.is_ascii_digit(),
            Self::Name | Self::Namespace => byte != b'/',
            // The dot of a regular expression does not match a line feed either.
            Self::Path => byte != b'\n',
            _ => false,
        };
        let bytes = text.iter().enumerate();
        bytes
            .take_while(|(at, byte)| may_be(**byte, *at == 0))
            .count()
    }

    fn is_whole(self, text: &[u8]) -> bool {
        let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match self {
            Self::Id | Self::Layer => text.iter().all(hex),
            Self::Key => text
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z')),
            Self::Pod if text.len() == UIDS[0] => {
                let dashes = [8, 13, 18, 23];
                let right = |(at, byte): (usize, &u8)| match dashes.contains(&at) {
                    true => *byte == b'-',
                    false => hex(byte),
                };
                text.iter().enumerate().all(right)
            }
            Self::Pod => text.iter().all(hex),
            _ => false,
        }
    }
}
