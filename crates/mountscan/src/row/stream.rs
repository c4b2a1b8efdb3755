//! Reads rows from bytes or a reader, one at a time, and stops early if told.

use std::io::BufRead;
use std::ops::ControlFlow;

use memchr::memchr;

use crate::error::Error;
use crate::row::borrowed::Row;
use crate::row::parse::{MalformedRow, RowError, parse_fields};

/// The longest row that [`for_each_row`] gathers by default: 64 MiB.
///
/// No kernel prints a longer row. 500 overlay layers of the longest paths, with every byte escaped,
/// make 8 MiB.
pub const MAX_ROW_BYTES: usize = 64 << 20;

/// Iterates over the rows of a table in memory. A malformed row is an error with its line number.
///
/// It borrows from `text` and allocates nothing. Stop when you have seen enough.
///
/// # Examples
///
/// ```
/// let text = b"1 0 0:1 / / rw - ext4 /dev/vda rw\njunk\n2 1 0:2 / /proc rw - proc proc rw\n";
/// let (good, bad): (Vec<_>, Vec<_>) = mountscan::rows(text).partition(Result::is_ok);
/// assert_eq!((good.len(), bad[0].unwrap_err().line), (2, 2));
/// ```
#[must_use]
pub fn rows(text: &[u8]) -> Rows<'_> {
    Rows {
        rest: text,
        line: 0,
    }
}

/// The iterator that [`rows()`] gives.
#[derive(Debug, Clone)]
pub struct Rows<'t> {
    rest: &'t [u8],
    line: usize,
}

impl<'t> Iterator for Rows<'t> {
    type Item = Result<Row<'t>, MalformedRow>;

    #[inline]
    fn next(&mut self) -> Option<Result<Row<'t>, MalformedRow>> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', self.rest) {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.rest = rest;
        self.line += 1;
        Some(match parse_fields(line) {
            Ok(fields) => Ok(Row::loose(line, fields)),
            Err(reason) => Err(MalformedRow {
                line: self.line,
                reason,
            }),
        })
    }
}

/// Reads rows from a reader and hands each to `visit`, until it breaks or the input ends.
///
/// A malformed row goes to `visit` as an error. Skip it, or break with it to be strict. A row of
/// more than [`MAX_ROW_BYTES`] is reported as [`RowError::TooLong`] and passed over without being
/// held. So memory is bounded, whatever the input is. Returns the value with which `visit` broke,
/// or `None` at the end of the input.
///
/// # Errors
///
/// The reader's failure.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// let text: &[u8] = b"1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /proc rw - proc proc rw\n";
/// let found = mountscan::for_each_row(text, |row| match row {
///     Ok(row) if *row.fs_type() == *"proc" => ControlFlow::Break(row.mount_id()),
///     _ => ControlFlow::Continue(()),
/// });
/// assert_eq!(found.unwrap(), Some(mountscan::MountId(2)));
/// ```
pub fn for_each_row<B>(
    reader: impl BufRead,
    visit: impl FnMut(Result<Row<'_>, MalformedRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Error> {
    within(reader, MAX_ROW_BYTES, visit)
}

/// [`for_each_row`] with another limit on the length of a row.
fn within<B>(
    mut reader: impl BufRead,
    max_row_bytes: usize,
    mut visit: impl FnMut(Result<Row<'_>, MalformedRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Error> {
    let mut pending = Pending {
        held: Vec::new(),
        too_long: false,
        line: 0,
        limit: max_row_bytes,
    };
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(Error::io("read mount table", cause)),
        };
        if chunk.is_empty() {
            let last = !pending.is_empty();
            let answer = last.then(|| pending.complete(b"", &mut visit));
            return Ok(answer.and_then(ControlFlow::break_value));
        }
        let consumed = chunk.len();
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            if let ControlFlow::Break(found) = pending.complete(&rest[..end], &mut visit) {
                return Ok(Some(found));
            }
            rest = &rest[end + 1..];
        }
        pending.hold(rest);
        reader.consume(consumed);
    }
}

/// The beginning of a row whose end has not been read yet.
struct Pending {
    held: Vec<u8>,
    too_long: bool,
    line: usize,
    limit: usize,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.held.is_empty() && !self.too_long
    }

    fn hold(&mut self, part: &[u8]) {
        if self.too_long || part.len() > self.limit - self.held.len() {
            self.too_long = true;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(part);
        }
    }

    /// The row ends with `part`: gives it to `visit` and starts the next one.
    fn complete<B>(
        &mut self,
        part: &[u8],
        visit: &mut impl FnMut(Result<Row<'_>, MalformedRow>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.line += 1;
        let line = self.line;
        let malformed = |reason| MalformedRow { line, reason };
        if self.is_empty() && part.len() <= self.limit {
            return visit(Row::parse(part).map_err(malformed));
        }
        self.hold(part);
        let answer = if self.too_long {
            visit(Err(malformed(RowError::TooLong)))
        } else {
            visit(Row::parse(&self.held).map_err(malformed))
        };
        self.held.clear();
        self.too_long = false;
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn collect(text: &[u8], buffer: usize, limit: usize) -> Vec<Result<Vec<u8>, MalformedRow>> {
        let mut out = Vec::new();
        let end = within(BufReader::with_capacity(buffer, text), limit, |row| {
            out.push(row.map(|row| row.as_bytes().to_vec()));
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(end.expect("memory does not fail"), None);
        out
    }

    #[test]
    fn a_reader_gives_what_the_bytes_give_at_any_buffer_size() {
        let text = b"1 0 0:1 / / rw - t s rw\n\njunk\n2 1 0:2 / /p rw shared:1 - proc  rw x y\n3 1 0:3 / /q rw - t s r";
        let want: Vec<_> = rows(text)
            .map(|row| row.map(|row| row.as_bytes().to_vec()))
            .collect();
        assert_eq!(want.len(), 5);
        for buffer in 1..120 {
            assert_eq!(collect(text, buffer, 1000), want);
        }
    }

    #[test]
    fn a_row_over_the_limit_is_reported_and_the_next_one_read() {
        let mut text = vec![b'x'; 5000];
        text.extend_from_slice(b"\n1 0 0:1 / / rw - t s rw\n");
        for buffer in [7, 64, 10_000] {
            let got = collect(&text, buffer, 100);
            assert_eq!(
                got[0],
                Err(MalformedRow {
                    line: 1,
                    reason: RowError::TooLong
                })
            );
            assert_eq!(got[1], Ok(b"1 0 0:1 / / rw - t s rw".to_vec()));
        }
    }

    #[test]
    fn stops_when_told() {
        let text: &[u8] = b"1 0 0:1 / / rw - t s rw\n2 0 0:1 / / rw - t s rw\n";
        let mut seen = 0;
        let found = for_each_row(text, |_| {
            seen += 1;
            ControlFlow::Break(7)
        });
        assert_eq!((found.expect("memory does not fail"), seen), (Some(7), 1));
    }
}
