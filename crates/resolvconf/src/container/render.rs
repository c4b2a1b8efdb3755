//! The text of a container's file, with or without comments that explain it.

use std::fmt::{self, Write as _};

use crate::container::network::Network;
use crate::container::resolved::{Resolved, Upstream};
use crate::document::BYTE_ORDER_MARK;

impl Resolved {
    /// The bytes of the file.
    ///
    /// The order is: nameservers, search list, options, other lines. With comments the header
    /// stands on top. At the end stand the source, the kind of network, warnings, upstreams, what
    /// was left out, overrides, and who set `ndots`.
    pub fn render(&self, with_comments: bool) -> Vec<u8> {
        let mut text = Vec::with_capacity(512);
        if with_comments {
            self.render_header(&mut text);
        }
        for server in &self.nameservers {
            push_line(&mut text, b"nameserver", [server.to_bytes()]);
        }
        if !self.search.is_empty() {
            push_line(&mut text, b"search", &self.search);
        }
        if !self.options.is_empty() {
            push_line(&mut text, b"options", &self.options);
        }
        for line in &self.other {
            // Only at the very start of a file are these bytes a byte order mark. The line did not
            // stand there in the host's file.
            if text.is_empty() && line.as_bytes().starts_with(BYTE_ORDER_MARK) {
                text.push(b'\n');
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        if with_comments {
            text.push(b'\n');
            self.render_provenance(&mut text);
        }
        text
    }

    fn render_header(&self, text: &mut Vec<u8>) {
        let Some(header) = &self.header else { return };
        for line in header.lines() {
            if !line.starts_with(['#', ';']) {
                text.extend_from_slice(b"# ");
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        text.push(b'\n');
    }

    fn render_provenance(&self, text: &mut Vec<u8>) {
        let words = network_words(&self.network);
        match &self.source {
            Some(path) => push_comment(text, &format!("Made from {path:?}, {words}.")),
            None => push_comment(
                text,
                &format!("Made from a document without a path, {words}."),
            ),
        }
        for warning in &self.warnings {
            push_comment(text, &format!("Warning: {warning}."));
        }
        let place = |upstream: &Upstream| match upstream.host_namespace {
            true => " from the host",
            false => "",
        };
        push_list(text, "Forwarded to", &self.upstreams, |list, upstream| {
            write!(list, "{}{}", upstream.address, place(upstream))
        });
        push_list(text, "Left out", &self.dropped, |list, dropped| {
            write!(list, "{} ({})", dropped.address, dropped.reason.as_str())
        });
        push_list(
            text,
            "Not an address",
            &self.invalid_nameservers,
            |list, word| write!(list, "{word}"),
        );
        push_list(text, "Set by override", &self.overridden, |list, kind| {
            list.write_str(kind.as_str())
        });
        if let Some(origin) = self.ndots_origin {
            push_comment(text, &format!("ndots set by: {}.", origin.as_str()));
        }
    }
}

fn push_line<W: AsRef<[u8]>>(
    text: &mut Vec<u8>,
    directive: &[u8],
    words: impl IntoIterator<Item = W>,
) {
    text.extend_from_slice(directive);
    for word in words {
        text.push(b' ');
        text.extend_from_slice(word.as_ref());
    }
    text.push(b'\n');
}

/// A comment with a list, unless the list is empty.
fn push_list<T>(
    text: &mut Vec<u8>,
    label: &str,
    items: &[T],
    write: impl Fn(&mut String, &T) -> fmt::Result,
) {
    if items.is_empty() {
        return;
    }
    let mut line = format!("{label}: ");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            line.push_str(", ");
        }
        // Writing to a string never fails.
        let _ = write(&mut line, item);
    }
    line.push('.');
    push_comment(text, &line);
}

fn network_words(network: &Network) -> &'static str {
    match network {
        Network::None => "not rewritten for a network",
        Network::Host => "for the host's network",
        Network::Legacy { ipv6: true } => "for a network without a resolver",
        Network::Legacy { ipv6: false } => "for a network without a resolver and without IPv6",
        Network::Internal { .. } => "for a network with its own resolver",
    }
}

/// Writes a comment of one line. Control characters are made visible, so that foreign words cannot
/// end the line.
fn push_comment(text: &mut Vec<u8>, line: &str) {
    text.extend_from_slice(b"# ");
    // All control characters begin with one of these bytes. Almost no line has one.
    let may_hold_control = |b: u8| b < b' ' || b == 0x7f || b == 0xc2;
    if line.bytes().any(may_hold_control) {
        for c in line.chars() {
            match c.is_control() {
                true => text.extend(c.escape_default().map(|c| c as u8)),
                false => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    } else {
        text.extend_from_slice(line.as_bytes());
    }
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TransformOptions, transform};

    #[test]
    fn comments_say_how_it_came_about() {
        let host = crate::parse(b"nameserver 127.0.0.53\nnameserver n\0pe\noptions ndots:1\n");
        let mut options = TransformOptions::new(Network::Legacy { ipv6: false });
        options.source = Some("/etc/resolv.conf".into());
        options.header = Some("Edits are kept.\n; indeed".to_owned());
        options.search = Some(vec!["a\nnameserver 6.6.6.6".into()]);
        let text = String::from_utf8(transform(&host, &options).render(true)).unwrap();
        assert_eq!(
            text,
            "# Edits are kept.\n; indeed\n\n\
             nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch a nameserver 6.6.6.6\noptions ndots:1\n\n\
             # Made from \"/etc/resolv.conf\", for a network without a resolver and without IPv6.\n\
             # Warning: no usable nameserver was left, so public default servers are listed.\n\
             # Left out: 127.0.0.53 (loopback).\n\
             # Not an address: n\\u{0}pe.\n\
             # Set by override: search.\n\
             # ndots set by: host.\n"
        );
    }
}
