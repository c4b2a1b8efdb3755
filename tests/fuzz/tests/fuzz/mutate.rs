//! Mutations of a corpus by a generator with a fixed seed.

/// Longest input made.
const MAX_LEN: usize = 4_096;

pub(crate) struct Mutator<'c> {
    corpus: &'c [Vec<u8>],
    state: u64,
}

impl<'c> Mutator<'c> {
    pub(crate) fn new(corpus: &'c [Vec<u8>]) -> Mutator<'c> {
        Mutator {
            corpus,
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// One input of the corpus, changed a few times.
    pub(crate) fn input(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
            input.truncate(MAX_LEN);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(7) {
            0 => input.insert(at, self.byte()),
            1 => input.truncate(at),
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.byte();
                }
            }
            3 => {
                let end = at + self.below(input.len() - at + 1).min(64);
                input.drain(at..end);
            }
            4 => {
                let end = at + self.below(input.len() - at + 1).min(256);
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            5 => {
                // The tail of another input: crosses two that are each well-formed.
                let other = self.seed();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let run = vec![self.byte(); self.below(200)];
                input.splice(at..at, run);
            }
        }
    }

    fn seed(&mut self) -> &'c [u8] {
        let corpus = self.corpus;
        &corpus[self.below(corpus.len())]
    }

    /// Half of them bytes that parsers look for.
    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b" \t\n\r\0\\/:-,.=\"'{}[]0189#;%~\xff\x80";
        if self.below(2) == 0 {
            TELLING[self.below(TELLING.len())]
        } else {
            self.next().to_le_bytes()[0]
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).expect("below a usize")
    }

    /// xorshift64*.
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
