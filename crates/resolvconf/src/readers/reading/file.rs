//! The file as a whole, read by one reader.

use crate::document::Document;
use crate::readers::context::Context;
use crate::readers::effective::Effective;
use crate::readers::form::Reader;
use crate::readers::lines::Row;
use crate::readers::reading::once::Once;
use crate::readers::reading::state::{Depth, Reading};

impl Document {
    /// What a reader takes from this file, if nothing is known about the host.
    ///
    /// # Examples
    ///
    /// ```
    /// use resolvconf::readers::{GLIBC, GO};
    ///
    /// let document = resolvconf::parse(b"  nameserver 192.0.2.1\noptions ndots:2\n");
    /// let glibc = document.effective(&GLIBC);
    /// assert_eq!(glibc.servers[0].address.to_string(), "127.0.0.1"); // It skips the line.
    /// let go = document.effective(&GO);
    /// assert_eq!(go.servers[0].address.to_string(), "192.0.2.1");
    /// assert_eq!(go.ndots, 2);
    /// ```
    pub fn effective(&self, reader: &Reader) -> Effective {
        self.effective_on(reader, &Context::default())
    }

    /// [`effective`](Document::effective) with facts about the host.
    pub fn effective_on(&self, reader: &Reader, context: &Context) -> Effective {
        let mut reading = Reading::new(reader, context, Depth::Whole);
        for line in self.lines() {
            reading.line(Row::of(line.number, line.raw), &Once::default());
        }
        reading.effective()
    }
}
