//! The records that PID 1 of a test VM sends to the host over a virtio port.
//!
//! One record a line: a letter, then fields, each after a tab. A tab, newline,
//! carriage return or backslash inside a field is escaped, any other byte goes
//! as it is. The console is not used: tests, the kernel and anybody else
//! may write there, and a torn line must never become a verdict.

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The test's process ended with 0.
    Passed,
    /// It ended otherwise, or left something behind; the text says how.
    Failed(String),
    /// The test said itself, with a reason, that it cannot run here.
    Skipped(String),
    /// It outlived its time limit and was killed.
    TimedOut,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// PID 1 is up: kernel release, milliseconds since boot, number of tests.
    Hello {
        /// As in `uname -r`.
        release: String,
        /// Uptime of the guest.
        uptime_ms: u64,
        /// How many tests will be run.
        tests: usize,
    },
    /// The test of this index begins.
    Begin {
        /// Place in the plan.
        index: usize,
    },
    /// One line that the running test wrote to stdout or stderr.
    Output {
        /// The line's bytes, without the newline.
        line: Vec<u8>,
    },
    /// The test of this index has ended.
    End {
        /// Place in the plan.
        index: usize,
        /// How it ended.
        verdict: Verdict,
        /// How long it took.
        ms: u64,
    },
    /// All is run. Without this record the machine died before its time.
    Done {
        /// How many tests were run.
        run: usize,
    },
}

impl Record {
    /// The record as one line, newline included.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut line = Line::default();
        match self {
            Self::Hello {
                release,
                uptime_ms,
                tests,
            } => {
                line.kind(b'H')
                    .text(release)
                    .number(*uptime_ms)
                    .number(*tests as u64);
            }
            Self::Begin { index } => {
                line.kind(b'B').number(*index as u64);
            }
            Self::Output { line: text } => {
                line.kind(b'O').field(text);
            }
            Self::End { index, verdict, ms } => {
                let (word, detail) = match verdict {
                    Verdict::Passed => ("pass", ""),
                    Verdict::Failed(why) => ("fail", why.as_str()),
                    Verdict::Skipped(why) => ("skip", why.as_str()),
                    Verdict::TimedOut => ("timeout", ""),
                };
                line.kind(b'E')
                    .number(*index as u64)
                    .text(word)
                    .number(*ms)
                    .text(detail);
            }
            Self::Done { run } => {
                line.kind(b'D').number(*run as u64);
            }
        }
        line.bytes.push(b'\n');
        line.bytes
    }

    /// Reads one line (without its newline); `None` if it is not a record.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b'\t').map(unescape);
        let kind = fields.next()??;
        let mut next = || fields.next().flatten();
        let record = match kind.as_slice() {
            b"H" => Self::Hello {
                release: text(next()?),
                uptime_ms: number(&next()?)?,
                tests: number(&next()?)?,
            },
            b"B" => Self::Begin {
                index: number(&next()?)?,
            },
            b"O" => Self::Output { line: next()? },
            b"E" => {
                let index = number(&next()?)?;
                let word = next()?;
                let ms = number(&next()?)?;
                Self::End {
                    index,
                    verdict: verdict(&word, text(next()?))?,
                    ms,
                }
            }
            b"D" => Self::Done {
                run: number(&next()?)?,
            },
            _ => return None,
        };
        fields.next().is_none().then_some(record)
    }
}

#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
}

impl Line {
    fn kind(&mut self, letter: u8) -> &mut Self {
        self.bytes.push(letter);
        self
    }

    fn field(&mut self, field: &[u8]) -> &mut Self {
        self.bytes.push(b'\t');
        for byte in field {
            match byte {
                b'\t' => self.bytes.extend(b"\\t"),
                b'\n' => self.bytes.extend(b"\\n"),
                b'\r' => self.bytes.extend(b"\\r"),
                b'\\' => self.bytes.extend(b"\\\\"),
                other => self.bytes.push(*other),
            }
        }
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.field(text.as_bytes())
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.text(&number.to_string())
    }
}

fn unescape(field: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            other => *other,
        });
    }
    Some(bytes)
}

fn verdict(word: &[u8], detail: String) -> Option<Verdict> {
    Some(match word {
        b"pass" => Verdict::Passed,
        b"fail" => Verdict::Failed(detail),
        b"skip" => Verdict::Skipped(detail),
        b"timeout" => Verdict::TimedOut,
        _ => return None,
    })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn number<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip(record: Record) {
        let line = record.render();
        let (newline, body) = line.split_last().expect("a record is never empty");
        assert_eq!(*newline, b'\n');
        assert!(!body.contains(&b'\n'), "a record is one line: {body:?}");
        assert_eq!(Record::parse(body), Some(record));
    }

    #[test]
    fn every_record_survives_the_wire() {
        round_trip(Record::Hello {
            release: "6.1.0-56".into(),
            uptime_ms: 1800,
            tests: 40,
        });
        round_trip(Record::Begin { index: 7 });
        round_trip(Record::Output {
            line: b"a\tb\\n\n\r\xff\0".to_vec(),
        });
        round_trip(Record::Output { line: Vec::new() });
        for verdict in [
            Verdict::Passed,
            Verdict::Failed("exit status 101\nleft mounts".into()),
            Verdict::Skipped("no cgroup v1".into()),
            Verdict::TimedOut,
        ] {
            round_trip(Record::End {
                index: 0,
                verdict,
                ms: 12,
            });
        }
        round_trip(Record::Done { run: 40 });
    }

    #[test]
    fn noise_is_no_record() {
        for noise in [
            &b""[..],
            b"X\t1",
            b"D",
            b"D\tmany",
            b"D\t1\t2",
            b"E\t0\tmaybe\t1\t",
            b"O\t\\q",
        ] {
            assert_eq!(Record::parse(noise), None, "{noise:?}");
        }
    }
}
