//! The text of a container's file, with or without the comments that say how it came about.

use std::fmt::Display;

use crate::container::network::Network;
use crate::container::resolved::{Resolved, Upstream};
use crate::document::BYTE_ORDER_MARK;

impl Resolved {
    /// The bytes of the file.
    ///
    /// Order: nameservers, search list, options, other lines. With comments there is the header
    /// on top and, at the end, the source, the kind of network, warnings, upstreams, what was
    /// left out, overrides and who set `ndots`.
    pub fn render(&self, with_comments: bool) -> Vec<u8> {
        let mut text = Vec::with_capacity(256);
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
            // A byte order mark is a mark only at the very start, where this line never was.
            if text.is_empty() && line.as_bytes().starts_with(BYTE_ORDER_MARK) {
                text.push(b'\n');
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        if with_comments {
            text.push(b'\n');
            for line in self.provenance() {
                // Words of the host's file are escaped: a comment must stay one line.
                text.extend_from_slice(format!("# {}\n", one_line(&line)).as_bytes());
            }
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

    fn provenance(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let source = self.source.as_ref().map(|path| format!("{path:?}"));
        lines.push(format!(
            "Made from {}, {}.",
            source.as_deref().unwrap_or("a document without a path"),
            network_words(&self.network)
        ));
        lines.extend(self.warnings.iter().map(|w| format!("Warning: {w}.")));
        let upstreams = self.upstreams.iter().map(upstream_words);
        push_list(&mut lines, "Forwarded to", upstreams);
        let dropped = self.dropped.iter();
        let dropped = dropped.map(|d| format!("{} ({})", d.address, d.reason.as_str()));
        push_list(&mut lines, "Left out", dropped);
        push_list(
            &mut lines,
            "Not an address",
            self.invalid_nameservers.iter(),
        );
        let overridden = self.overridden.iter().map(|o| o.as_str());
        push_list(&mut lines, "Set by override", overridden);
        let origin = self.ndots_origin.map(|origin| origin.as_str());
        push_list(&mut lines, "ndots set by", origin.into_iter());
        lines
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

fn push_list(lines: &mut Vec<String>, label: &str, items: impl Iterator<Item = impl Display>) {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if !items.is_empty() {
        lines.push(format!("{label}: {}.", items.join(", ")));
    }
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

fn upstream_words(upstream: &Upstream) -> String {
    let place = if upstream.host_namespace {
        " from the host"
    } else {
        ""
    };
    format!("{}{place}", upstream.address)
}

/// Control characters made visible, so that foreign words cannot end a comment line.
fn one_line(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
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
